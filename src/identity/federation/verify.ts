/** Verifies the token of a partner's agent for an agent that received it. */
import type { Caller } from "../../access/caller.ts";
import type { DomainEvent } from "../../events/catalogue.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import {
  claimAtFault,
  type Fault,
  headerAtFault,
  readForeignJws,
  verifyForeignJws,
} from "../../platform/crypto/foreign-jws.ts";
import { findRemoteKey } from "../../platform/outbound/jwks.ts";
import { isoOf } from "../../platform/time.ts";
import { comparisonKey, ownsAudience } from "../resources/service.ts";
import { kindAtFault, type PartnerClaims, readClaims } from "./partner-token.ts";
import type { VerifiedToken, VerifyToken } from "./schema.ts";
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
  | "organization_not_allowed"
  | "audience_not_allowed"
  | "no_scopes";

interface Invalid {
  readonly valid: false;
  readonly reason: Reason;
  /** The `iss` of the token, not verified; null when the token cannot be read. */
  readonly issuer: string | null;
  readonly partner: Partner | null;
  /** The member of the token, where one is at fault. */
  readonly fault: Fault;
}

type Verdict = Invalid | { readonly valid: true; readonly partner: Partner; readonly claims: PartnerClaims };

function inactiveReason(partner: Partner, nowMs: number): "partner_suspended" | "partner_expired" | null {
  if (partner.status !== "active") return "partner_suspended";
  return partner.expiresAt !== null && partner.expiresAt <= nowMs ? "partner_expired" : null;
}

/**
 * Whether the token is for the caller's organization (RFC 8725 3.9). Otherwise every service to which the partner's agent sends
 * a token could use it here. All tenants share this service's issuer, so it is an audience only where the partner lists it.
 */
async function isForUs(
  context: Context,
  { organizationId, audiences }: Partner,
  { audience }: PartnerClaims,
  requested: string | undefined,
): Promise<boolean> {
  const own = comparisonKey(context.settings.issuer);
  const accepted = new Set(audiences.map(comparisonKey));
  const named = requested === undefined ? null : comparisonKey(requested);
  if (named !== null && named !== own) accepted.add(named);
  const keys = audience.map(comparisonKey);
  return keys.some((key) => accepted.has(key)) || ownsAudience(context, organizationId, keys);
}

async function judge(context: Context, { organizationId }: Caller, { token, audience }: VerifyToken): Promise<Verdict> {
  const read = readForeignJws(token);
  const issuer = typeof read.payload?.iss === "string" ? read.payload.iss : null;
  const none = (reason: Reason, partner: Partner | null = null, fault: Fault = {}): Invalid => {
    return { valid: false, reason, issuer, partner, fault };
  };
  if (!read.ok) return none("token_malformed", null, read.fault);
  const { header, payload } = read;
  if (issuer === null) return none("token_malformed", null, claimAtFault(payload, "iss"));
  // Own tokens are for introspection, which knows what is revoked.
  if (issuer === context.settings.issuer) return none("own_token");
  const partner = await findPartner(context, organizationId, { issuer });
  if (!partner) return none("no_partner");
  const refusal = inactiveReason(partner, context.now());
  if (refusal) return none(refusal, partner);
  const kind = kindAtFault(header, payload);
  if (kind) return none("not_an_access_token", partner, kind);
  // RFC 9449 7.2, RFC 8705 3: a token bound to a key is not accepted without the proof. It may be stolen.
  if (payload.cnf !== undefined) return none("bound_token", partner, { claim: "cnf" });

  const found = await findRemoteKey(context, partner, header);
  if (!found.ok && found.reason === "unreachable") return none("issuer_unreachable", partner);
  if (!found.ok) return none("unknown_key", partner, headerAtFault(header, "kid"));
  if (!(await verifyForeignJws(token, found))) return none("token_signature", partner);
  const claims = readClaims(payload, context.now());
  if ("reason" in claims) return none(claims.reason, partner, claims.fault);
  const { allowedOrganizations } = partner;
  if (allowedOrganizations && !allowedOrganizations.includes(claims.organizationId ?? "")) {
    return none("organization_not_allowed", partner, claimAtFault(payload, "organization_id"));
  }
  if (!(await isForUs(context, partner, claims, audience))) {
    return none("audience_not_allowed", partner, claimAtFault(payload, "aud"));
  }
  if (partner.requireScopes && claims.scopes.length === 0) return none("no_scopes", partner, { claim: "scope" });
  return { valid: true, partner, claims };
}

/** A foreign text, as an audit event can hold it: cut, and without half a surrogate pair. */
const eventText = (text: string) => text.slice(0, 256).toWellFormed();

function detailsOf(verdict: Verdict): DomainEvent["details"] {
  if (!verdict.valid) {
    const { reason, issuer, fault } = verdict;
    return { reason, ...(issuer === null ? {} : { issuer: eventText(issuer) }), ...fault };
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
 * published keys signed the token, `exp`, `nbf` and `iat` hold, the token's organization is allowed, and the token is for the
 * caller's organization. A revocation by the issuer is not visible here. Each call, with its reason, is an audit event.
 */
export async function verifyToken(context: Context, caller: Caller, request: VerifyToken): Promise<VerifiedToken> {
  const { organizationId } = caller;
  const verdict = await judge(context, caller, request);
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
    audience: claims.audience,
    scopes: claims.scopes,
    expiresAt: isoOf(claims.expiresAtMs),
  };
}
