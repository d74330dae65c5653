/** Federation partners: other identity providers, whose agents' tokens an organization can verify. */
import { refuseUnlessAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import type { EventName, JsonValue } from "../../events/catalogue.ts";
import { differences, fromTo } from "../../events/change.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import { printable } from "../../platform/http/fields.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { newId } from "../../platform/ids.ts";
import { keySetDigest } from "../../platform/outbound/pasted-key-set.ts";
import { checkOutboundTarget } from "../../platform/outbound/resolve.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf, isoOrNull } from "../../platform/time.ts";
import { type ChangePartner, type PublicPartner, partnerIdSchema, type TrustPartner } from "./schema.ts";
import {
  deletePartner as deleteRow,
  findPartner,
  insertPartner,
  issuerColumns,
  listPartners as listRows,
  type Partner,
  updatePartner,
} from "./store.ts";

export { partnerReadiness } from "./readiness.ts";
export { verifyToken } from "./verify.ts";

function publicPartner(partner: Partner): PublicPartner {
  const { audiences, allowedOrganizations, expiresAt, createdAt, updatedAt } = partner;
  return {
    partnerId: partner.id,
    name: partner.name,
    issuer: partner.issuer,
    jwksUri: partner.jwksUri,
    jwks: partner.jwks,
    requireScopes: partner.requireScopes,
    status: partner.status,
    audiences: [...audiences],
    allowedOrganizations: allowedOrganizations && [...allowedOrganizations],
    expiresAt: isoOrNull(expiresAt),
    createdAt: isoOf(createdAt),
    updatedAt: isoOf(updatedAt),
  };
}

/** `VALIDATION_ERROR` for an address that cannot be the partner's, or null. */
async function refuseAddress(context: Context, path: "issuer" | "jwksUri", text: string): Promise<Problem | null> {
  const refused = (message: string) => invalid([{ path, message, received: text }]);
  const url = await checkOutboundTarget(context, text);
  if (!url.ok) return refused(url.message);
  if (url.value.origin === context.settings.issuer) return refused("must not be this service itself");
  // OpenID Connect Discovery 3, RFC 8414 2: an issuer has neither query nor fragment.
  return path === "issuer" && text.includes("?") ? refused("must not have a query") : null;
}

/** The same for an issuer. With its keys it is only compared with `iss`, and need not be an address that can be called. */
async function refuseIssuer(context: Context, { issuer, jwks, jwksUri }: TrustPartner): Promise<Problem | null> {
  if (!jwks && !jwksUri) return refuseAddress(context, "issuer", issuer);
  const refused = (message: string) => invalid([{ path: "issuer", message, received: issuer }]);
  if (issuer === "" || issuer.length > 2048 || !printable.test(issuer)) return refused("must be 1 to 2048 characters");
  const isOwn = URL.canParse(issuer) && new URL(issuer).origin === context.settings.issuer;
  return isOwn ? refused("must not be this service itself") : null;
}

/** @param present the partner as it is; null before it exists */
async function refuseFields(
  context: Context,
  present: Pick<Partner, "jwks" | "jwksUri"> | null,
  change: Pick<ChangePartner, "jwks" | "jwksUri" | "expiresAt">,
): Promise<Problem | null> {
  const { jwksUri, expiresAt } = change;
  const after = { ...present, ...change };
  if (after.jwks && after.jwksUri) {
    return invalid([
      { path: change.jwks ? "jwks" : "jwksUri", message: "must be null when jwks and jwksUri are both present" },
    ]);
  }
  if (typeof expiresAt === "number" && expiresAt <= context.now()) {
    return invalid([{ path: "expiresAt", message: "must be in the future", received: isoOrNull(expiresAt) }]);
  }
  return typeof jwksUri === "string" ? refuseAddress(context, "jwksUri", jwksUri) : null;
}

/** Given keys in an audit event: null, or their digest. */
const loggedKeys = (jwks: Partner["jwks"]) => jwks && keySetDigest(jwks);

function partnerEvent(
  context: Context,
  caller: Caller,
  action: EventName & `partner.${string}`,
  partner: Partner,
  details: { readonly [key: string]: JsonValue },
) {
  const { organizationId } = caller;
  return newEvent(context, actorOf(context, caller), {
    organizationId,
    action,
    agentId: null,
    target: partner.id,
    details: { issuer: partner.issuer, ...details },
  });
}

/**
 * Adds a partner to the caller's organization.
 *
 * @returns `VALIDATION_ERROR` on `issuer` when it is this service or the issuer of another partner of the organization
 */
export async function trustPartner(
  context: Context,
  caller: Caller,
  input: TrustPartner,
): Promise<Result<PublicPartner>> {
  const refusal =
    refuseUnlessAdmin(caller) ?? (await refuseIssuer(context, input)) ?? (await refuseFields(context, null, input));
  if (refusal) return refusal;
  const { name, issuer, jwksUri = null, jwks = null, audiences = [], requireScopes = false } = input;
  const { allowedOrganizations = null, expiresAt = null } = input;
  const { organizationId } = caller;
  const now = context.now();
  const id: string = newId(now);
  const fields = { name, jwksUri, jwks, audiences, requireScopes, allowedOrganizations, expiresAt };
  const partner: Partner = {
    ...fields,
    id,
    organizationId,
    issuer,
    status: "active",
    createdAt: now,
    updatedAt: now,
  };
  const details = { ...fields, jwks: loggedKeys(jwks), expiresAt: isoOrNull(expiresAt) };
  const event = partnerEvent(context, caller, "partner.created", partner, details);
  const trusted = publicPartner(partner);
  try {
    await commitChange(await answering(context, trusted), [insertPartner(context, partner)], [event]);
  } catch (error) {
    if (!violatesUnique(error, issuerColumns)) throw error;
    return invalid([{ path: "issuer", message: "is the issuer of another partner", received: issuer }]);
  }
  return ok(trusted);
}

/** The partners of the caller's organization, newest first. */
export async function listPartners(
  context: Context,
  { organizationId }: Caller,
  request: PageRequest,
): Promise<Result<Page<PublicPartner>>> {
  return pageOf({ name: "partners", organizationId }, partnerIdSchema, request, {
    read: (page) => listRows(context, organizationId, page),
    keyOf: ({ id }) => id,
    show: publicPartner,
  });
}

/** One partner, or `PARTNER_NOT_FOUND`. */
export async function readPartner(
  context: Context,
  { organizationId }: Caller,
  partnerId: string,
): Promise<Result<PublicPartner>> {
  const partner = await findPartner(context, organizationId, { id: partnerId });
  return partner ? ok(publicPartner(partner)) : problem("PARTNER_NOT_FOUND");
}

/** Changes a partner, except its issuer: another issuer is another partner. Tokens of a suspended one are not valid. */
export async function changePartner(
  context: Context,
  caller: Caller,
  partnerId: string,
  input: ChangePartner,
  preconditions: Preconditions,
): Promise<Result<PublicPartner>> {
  const { organizationId } = caller;
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  return untilWritten(async () => {
    const before = await findPartner(context, organizationId, { id: partnerId });
    if (!before) return problem("PARTNER_NOT_FOUND");
    const unmet = refuseUnmet(preconditions, publicPartner(before));
    if (unmet) return unmet;
    const change = differences(before, input);
    if (Object.keys(change).length === 0) return ok(publicPartner(before));
    const refused = await refuseFields(context, before, change);
    if (refused) return refused;
    const updatedAt = nextVersion(context, before);
    const after = publicPartner({ ...before, ...change, updatedAt });
    const logged = (partner: PublicPartner) => ({ ...partner, jwks: loggedKeys(partner.jwks) });
    const details = fromTo(logged(publicPartner(before)), logged(after), change);
    const event = partnerEvent(context, caller, "partner.updated", before, details);
    const written = await commitChange(context, [updatePartner(context, before, change, updatedAt)], [event]);
    return written && ok(after);
  });
}

/** Deletes a partner: its tokens are not valid any more. The same issuer can be added again. */
export async function deletePartner(
  context: Context,
  caller: Caller,
  partnerId: string,
  preconditions: Preconditions,
): Promise<Result<undefined>> {
  const { organizationId } = caller;
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  return untilWritten(async () => {
    const partner = await findPartner(context, organizationId, { id: partnerId });
    if (!partner) return problem("PARTNER_NOT_FOUND");
    const unmet = refuseUnmet(preconditions, publicPartner(partner));
    if (unmet) return unmet;
    const event = partnerEvent(context, caller, "partner.deleted", partner, { name: partner.name });
    const deleted = await commitChange(context, [deleteRow(context, partner)], [event]);
    return deleted && ok();
  });
}
