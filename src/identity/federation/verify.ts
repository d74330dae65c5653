/** Verifies the token of a partner's agent for an agent that received it. */
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
import { findPartner, type Partner } from "./store.ts";

/** Why a token is not valid. For the audit log only. */
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
  /** The `iss` of the token, not verified; null when the token cannot be read. */
  readonly issuer: string | null;
  readonly partner: Partner | null;
}

type Verdict = Invalid | { readonly valid: true; readonly partner: Partner; readonly claims: PartnerClaims };

function inactiveReason(partner: Partner, nowMs: number): "partner_suspended" | "partner_expired" | null {
  if (partner.status !== "active") return "partner_suspended";
  return partner.expiresAt !== null && partner.expiresAt <= nowMs ? "partner_expired" : null;
}

async function judge(context: Context, { organizationId }: Caller, token: string): Promise<Verdict> {
  const read = readJws(token);
  const issuer = typeof read?.payload.iss === "string" ? read.payload.iss : null;
  const none = (reason: Reason, partner: Partner | null = null): Invalid => ({ valid: false, reason, issuer, partner });
  if (!read || issuer === null) return none("token_malformed");
  // Own tokens are for introspection, which knows what is revoked.
  if (issuer === context.settings.issuer) return none("own_token");
  const partner = await findPartner(context, organizationId, { issuer });
  if (!partner) return none("no_partner");
  const refusal = inactiveReason(partner, context.now());
  if (refusal) return none(refusal, partner);
  if (!isAccessToken(read.header, read.payload)) return none("not_an_access_token", partner);
  // RFC 9449 7.2, RFC 8705 3: a token bound to a key is not accepted without the proof. It may be stolen.
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

/** A foreign text, as an audit event can hold it: cut, and without half a surrogate pair. */
const eventText = (text: string) => text.slice(0, 256).toWellFormed();

function detailsOf(verdict: Verdict): DomainEvent["details"] {
  if (!verdict.valid) {
    const { reason, issuer } = verdict;
    return { reason, ...(issuer === null ? {} : { issuer: eventText(issuer) }) };
  }
  const { partner, claims } = verdict;
  const { organizationId } = claims;
  return {
    issuer: partner.issuer,
    subject: eventText(claims.subject),
    ...(organizationId === null ? {} : { organizationId: eventText(organizationId) }),
  };
}

/**
 * Whether a token is a valid access token of an agent of a partner: the partner is active and not expired, one of its
 * published keys signed the token, `exp`, `nbf` and `iat` hold, and the token's organization is allowed. A revocation by the
 * issuer is not visible here. Each call, with its reason, is an audit event.
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
