/** The DIDs of the service and its agents: `did:web` names under the issuer's own host. */
import type { AgentId } from "../../platform/ids.ts";

/** did:web method specification 2.5.1: the colon of a port is percent-encoded; further parts are parts of the path. */
function webDid(issuer: string, ...path: readonly string[]): string {
  return ["did:web", encodeURIComponent(new URL(issuer).host), ...path].join(":");
}

/** The DID of the service. It resolves at `/.well-known/did.json`. */
export function serviceDid(issuer: string): string {
  return webDid(issuer);
}

/**
 * The DID of an agent. It resolves at `/agents/{agentId}/did.json`.
 *
 * @example
 * ```ts
 * agentDid("http://localhost:8787", agentId); // did:web:localhost%3A8787:agents:0199f0c2-…
 * ```
 */
export function agentDid(issuer: string, agentId: AgentId): string {
  return webDid(issuer, "agents", agentId);
}

/** The alias DID of an agent, with its organization. It resolves at `/orgs/{slug}/agents/{agentId}/did.json`. */
export function agentAliasDid(issuer: string, slug: string, agentId: AgentId): string {
  return webDid(issuer, "orgs", slug, "agents", agentId);
}
