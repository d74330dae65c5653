/** Agent badges (AGNTCY Identity): verifiable credentials about agents, issued by the service. */
import { SignJWT } from "jose";
import type { Caller } from "../../access/caller.ts";
import { agentDid, publicOwner, serviceDid } from "../../identity/dids/service.ts";
import { currentSigningKey } from "../../keys/service.ts";
import type { Context } from "../../platform/context.ts";
import { type AgentId, newId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { oasfRecord, oasfRecordSchemaUrl } from "./cards/oasf.ts";
import { findAgentOfAnyOrganization } from "./store.ts";

/** As the longest token lifetime, so that the key stays published while a badge is valid. */
const lifetimeSeconds = 86_400;

const badgeSpecification = "https://spec.identity.agntcy.org/docs/vc/agent-badge";

/** The terms of the badge, which are not in the base context (VC Data Model 1.1, 4.1). */
const contexts = [
  "https://www.w3.org/2018/credentials/v1",
  { AgentBadge: `${badgeSpecification}#AgentBadge`, badge: `${badgeSpecification}#badge` },
];

/** A badge, and whether it is public. */
export interface Badge {
  /** A compact JWS (VC Data Model 1.1, 6.3.1), signed with the service's key. */
  readonly jwt: string;
  readonly isPublic: boolean;
}

/**
 * Issues the badge of an agent: a credential of type `AgentBadge`, from the service's DID about the agent's DID. The badge
 * itself is the agent's OASF record, as JSON text.
 *
 * @param caller null without a token
 * @returns `AGENT_NOT_FOUND` unless the agent and its organization are active, and it is public or of the caller's organization
 */
export async function issueBadge(context: Context, caller: Caller | null, agentId: AgentId): Promise<Result<Badge>> {
  const agent = await findAgentOfAnyOrganization(context, agentId);
  const isActive = agent?.status === "active" && agent.organizationStatus === "active";
  if (!isActive || !(agent.isPublic || agent.organizationId === caller?.organizationId)) {
    return problem("AGENT_NOT_FOUND", "No active agent with this id is visible to you.");
  }
  const { issuer } = context.settings;
  const nowMs = context.now();
  const issuedAt = Math.floor(nowMs / 1000);
  const [iss, sub] = [serviceDid(issuer), agentDid(issuer, agent.id)];
  // Others read a badge. A description can be internal to the organization, and an owner with an e-mail address is a person.
  const owner = publicOwner(agent.owner) ?? agent.slug;
  const record = oasfRecord(issuer, { ...agent, description: null, owner }, "1.0.0");
  const { alg, kid, key } = await currentSigningKey(context, "ES256");
  const jwt = await new SignJWT({
    iss,
    sub,
    jti: `urn:uuid:${newId(nowMs)}`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + lifetimeSeconds,
    vc: {
      "@context": contexts,
      type: ["VerifiableCredential", "AgentBadge"],
      credentialSchema: { id: oasfRecordSchemaUrl, type: "JsonSchema" },
      credentialSubject: { id: sub, badge: JSON.stringify(record) },
    },
  })
    .setProtectedHeader({ alg, typ: "JWT", kid: `${iss}#${kid}` })
    .sign(key);
  return ok({ jwt, isPublic: agent.isPublic });
}
