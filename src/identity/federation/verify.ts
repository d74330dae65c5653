/** Checking the token of a partner's agent, on behalf of an agent that was shown it. */
import type { Caller } from "../../access/caller.ts";
import type { DomainEvent } from "../../events/catalogue.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { readJws, verifyJws } from "../../platform/crypto/jws.ts";
import { findRemoteKey } from "../../platform/outbound/jwks.ts";
import { isoOf } from "../../platform/time.ts";
import { isAccessToken, type PartnerClaims, readClaims } from "./partner-token.ts";
import type { VerifiedToken } from "./schema.ts";
import { findPartnerOfIssuer, type Partner } from "./store.ts";

/** Why a token is not valid. Written to the audit log; the wire does not tell. */
type Reason =
  | "token_malformed"
  | "own_token"
  | "no_partner"
  | "partner_suspended"
  | "partner_expired"
  | "not_an_access_token"
  | "bound_token"
  | "issuer_unreachable"
  | "unknown_key"
  | "token_signature"
  | "token_expired"
  | "token_not_yet_valid"
  | "organization_not_allowed";

interface Invalid {
  readonly valid: false;
  readonly reason: Reason;
  /** What the token says of itself, before anything was verified; null when it says nothing readable. */
  readonly issuer: string | null;
  readonly partner: Partner | null;
}

type Verdict = Invalid | { readonly valid: true; readonly partner: Partner; readonly claims: PartnerClaims };

function standing(partner: Partner, nowMs: number): "partner_suspended" | "partner_expired" | null {
  if (partner.status !== "active") return "partner_suspended";
  return partner.expiresAt !== null && partner.expiresAt <= nowMs ? "partner_expired" : null;
}

async function judge(context: Context, { organizationId }: Caller, token: string): Promise<Verdict> {
  const read = readJws(token);
  const issuer = typeof read?.payload.iss === "string" ? read.payload.iss : null;
  const none = (reason: Reason, partner: Partner | null = null): Invalid => ({ valid: false, reason, issuer, partner });
  if (!read || issuer === null) return none("token_malformed");
  // Ours are checked by introspection, which knows what has been taken back.
  if (issuer === context.settings.issuer) return none("own_token");
  const partner = await findPartnerOfIssuer(context, organizationId, issuer);
  if (!partner) return none("no_partner");
  const refusal = standing(partner, context.now());
  if (refusal) return none(refusal, partner);
  if (!isAccessToken(read.header, read.payload)) return none("not_an_access_token", partner);
  // RFC 9449 7.2, RFC 8705 3: bound to a key of its agent's. Whoever shows it without proof may have stolen it.
  if (read.payload.cnf !== undefined) return none("bound_token", partner);

  const found = await findRemoteKey(context, partner, read.header);
  if (!found.ok) return none(found.reason === "unreachable" ? "issuer_unreachable" : "unknown_key", partner);
  const payload = await verifyJws(token, { key: found.key, alg: found.alg, typ: null });
  if (!payload) return none("token_signature", partner);
  const claims = readClaims(payload, context.now());
  if (typeof claims === "string") return none(claims, partner);
  const { allowedOrganizations } = partner;
  if (allowedOrganizations && !allowedOrganizations.includes(claims.organizationId ?? "")) {
    return none("organization_not_allowed", partner);
  }
  return { valid: true, partner, claims };
}

/** Cut to what an audit event may carry; what somebody else wrote may halve a surrogate pair even before. */
const bounded = (text: string) => text.slice(0, 256).toWellFormed();

function detailsOf(verdict: Verdict): DomainEvent["details"] {
  if (!verdict.valid) {
    const { reason, issuer } = verdict;
    return { reason, ...(issuer === null ? {} : { issuer: bounded(issuer) }) };
  }
  const { partner, claims } = verdict;
  const { organizationId } = claims;
  return {
    issuer: partner.issuer,
    subject: bounded(claims.subject),
    ...(organizationId === null ? {} : { organizationId: bounded(organizationId) }),
  };
}

/**
 * Whether a token is a valid access token of an agent of one of the organization's partners, now: of an active partner that
 * has not expired, signed with one of its published keys, within its times, and from an organization that counts. Whether
 * its issuer has revoked it in the meantime, only its issuer knows. That it was asked, and the true reason, is in the audit log.
 */
export async function verifyToken(
  context: Context,
  caller: Caller,
  { token }: { readonly token: string },
): Promise<VerifiedToken> {
  const { organizationId } = caller;
  const verdict = await judge(context, caller, token);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "partner_token.verified",
    outcome: verdict.valid ? "success" : "failure",
    agentId: null,
    target: verdict.partner?.id ?? null,
    details: detailsOf(verdict),
  });
  await ledgerOf(context, organizationId).append(event);
  if (!verdict.valid) return { valid: false };
  const { partner, claims } = verdict;
  return {
    valid: true,
    issuer: partner.issuer,
    partnerId: partner.id,
    subject: claims.subject,
    organizationId: claims.organizationId,
    scopes: claims.scopes,
    expiresAt: isoOf(claims.expiresAtMs),
  };
}
