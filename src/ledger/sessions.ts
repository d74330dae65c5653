/** Sessions of the console. A session is a token that nobody signs: the ledger decides on it, counts it and gives it its id. */
import type { DomainEvent } from "../events/catalogue.ts";
import { newIdAt, type Scope, type TokenId } from "../platform/ids.ts";
import { fewNames } from "../platform/problems/bounds.ts";
import { activeSubject } from "./active.ts";
import { authenticate, chargeClient, described } from "./clients.ts";
import type { AuthenticatedClient, LinkOutcome, LinkRequest, SessionOutcome, SessionRequest } from "./contract.ts";
import { charge } from "./limits.ts";
import { appendEvent, type Parts } from "./parts.ts";
import type { RateState } from "./rate.ts";
import type { TokenFacts } from "./token-facts.ts";

/** The event of a refusal says which of the service's endpoints the client has used. */
const context = { endpoint: "console" };

/** The scopes of a session: everything that the agent holds, or the named part of it. A session has no id_token. */
function scopesOf({ platformScopes }: AuthenticatedClient, named: readonly Scope[] | null) {
  const held = platformScopes.filter((scope) => scope !== "openid");
  const scopes = named ?? held;
  return { scopes, outside: scopes.filter((scope) => !held.includes(scope)) };
}

/**
 * Decides on a sign-in to the console: one durable commit, whatever the outcome. It counts as a token. No quota refuses it, because an
 * organization over its limits must be able to suspend, to revoke and to upgrade.
 */
export async function openSession(parts: Parts, request: SessionRequest): Promise<SessionOutcome> {
  if (parts.revocations.isDropped(request.signingKeyId)) return { outcome: "signing_key_dropped" };
  parts.principals.releaseExpired(Date.now());
  const openedAtMs = Date.now();
  // Taken before the records are read: a revocation that comes in between ends the session.
  const tokenId = newIdAt<TokenId>(parts.revocations.nextIssueMs(openedAtMs));
  const authenticated = await authenticate(parts, request, "client.refused", context);
  if (authenticated.outcome !== "authenticated") return authenticated;
  const { client, principal } = authenticated;
  const refuse = async (outcome: SessionOutcome, details: DomainEvent["details"]) => {
    const { agentId, credentialId } = client;
    appendEvent(parts, "client.refused", {
      agentId,
      actor: { agentId, ...(credentialId ? { credentialId } : {}), ...request.source },
      target: agentId,
      details: { ...context, ...details },
      outcome: "failure",
    });
    await parts.settled();
    return outcome;
  };

  // A browser proves no key: its cookie would be a bearer token (RFC 9449 5.2).
  if (principal.agent.dpopRequired) return refuse({ outcome: "proof_required" }, { reason: "proof_required" });
  const { scopes, outside } = scopesOf(client, request.scopes);
  if (outside.length > 0) {
    const named = fewNames(outside);
    return refuse({ outcome: "scope_refused", outside: named }, { reason: "invalid_scope", scope: named.join(" ") });
  }
  const charged = chargeClient(parts, authenticated, "token", true);
  if (charged.outcome === "limited") return charged;
  parts.activity.addToken(client.agentId, openedAtMs);
  await parts.settled();
  return { outcome: "opened", client, tokenId, openedAtMs, scopes, rate: charged.rate };
}

/**
 * Opens a session for a one-time link: one durable commit. It counts as a token, like a sign-in with a secret. A code has one session: a
 * repeated request gets the same one, and whoever stores it first has it. So a failure in between uses no link up.
 */
export async function redeemLink(parts: Parts, request: LinkRequest): Promise<LinkOutcome> {
  const { token, codeHash, codeExpiresAtMs, longestMs } = request;
  const { revocations, linkedSessions } = parts;
  parts.principals.releaseExpired(Date.now());
  // Taken before the token is judged: a revocation that comes in between ends the session.
  const tokenId = newIdAt<TokenId>(revocations.nextIssueMs(Date.now()));
  const principal = await activeSubject(parts, token);
  if (!principal || codeExpiresAtMs <= Date.now()) return { outcome: "inactive" };
  const client = described(parts, principal, token.credentialId);
  const opened = (session: TokenFacts, rate: RateState | null): LinkOutcome => ({
    outcome: "opened",
    client,
    tokenId: session.tokenId,
    openedAtMs: session.expiresAt * 1000 - longestMs,
    scopes: scopesOf(client, null).scopes,
    rate,
  });

  // Nothing awaits between this and the addition: of requests at once, one adds.
  const known = linkedSessions.of(codeHash);
  if (known) return opened(known, null);
  const charged = charge(parts, principal, "token", true);
  if (charged.outcome === "limited") return charged;
  const openedAtMs = Date.now();
  const session: TokenFacts = { ...token, tokenId, expiresAt: Math.floor((openedAtMs + longestMs) / 1000) };
  linkedSessions.add(codeHash, token.tokenId, session);
  parts.activity.addToken(token.agentId, openedAtMs);
  await parts.settled();
  return opened(session, charged.rate);
}
