/** Domains: an organization adds a name, proves it with a TXT record, and holds it for as long as the record is there. */

import { refuseUnlessAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { commitChange } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import { turnsPerMinute } from "../../ledger/turns.ts";
import type { Context } from "../../platform/context.ts";
import { encodeBase64url } from "../../platform/crypto/base64url.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { untilWritten } from "../../platform/db/conditional.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { type DomainId, domainIdSchema, newId, type OrganizationId } from "../../platform/ids.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { readOrganization } from "../organizations/service.ts";
import { isDevelopmentName, isLoopbackHost, readDomainName, suffixesOf } from "./names.ts";
import { publicDomain } from "./public-domain.ts";
import type { PublicDomain } from "./schema.ts";
import {
  countDomains,
  type Domain,
  deleteDomain,
  findDomain,
  findOtherHolder,
  findHostOwner as findOwner,
  findParentInUse,
  findPlanTier,
  hasActiveResource,
  insertDomain,
  isHostOwner as isOwner,
  listDomains as listRows,
  noActiveResource,
  uniqueNames,
} from "./store.ts";
import { domainEvent, proveDomain } from "./verification.ts";

export { checkDomains, forgetStaleDomains } from "./daily-check.ts";
export { isLoopbackHost, readDomainName } from "./names.ts";
export { domainSubscriber } from "./organization-end.ts";

/** Which organization holds the longest verified name at or above a host? For a loopback host the asking one, if it holds the name. */
export const findHostOwner = (context: Context, organizationId: OrganizationId, host: string) =>
  findOwner(context, organizationId, suffixesOf(host));

/** Holds while the organization is the owner of the host. For the condition of a write. */
export const isHostOwner = (context: Context, organizationId: OrganizationId, host: string) =>
  isOwner(context, organizationId, suffixesOf(host));

/** Whether the organization holds the domain of an e-mail address at this moment. */
export async function holdsDomainOf(context: Context, organizationId: OrganizationId, email: string): Promise<boolean> {
  const host = email.slice(email.lastIndexOf("@") + 1);
  return (await findHostOwner(context, organizationId, host)) === organizationId;
}

/** Domains of one organization at the most. */
const mostDomains = { free: 20, pro: 20, enterprise: 500 } as const;

/** The organization exists for the caller, and the caller is an admin of it or of the operator's. */
async function refuseOutsider(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
): Promise<Problem | null> {
  const found = await readOrganization(context, caller, organizationId);
  return found.ok ? refuseUnlessAdmin(caller) : found;
}

function readName(context: Context, text: string): Result<string> {
  const read = readDomainName(text, context.settings.environment === "development");
  return read.ok ? ok(read.name) : invalid([{ path: "domain", message: read.rule, received: text }]);
}

const newChallenge = () => `agentidp-verify=${encodeBase64url(crypto.getRandomValues(new Uint8Array(32)))}`;

/** Whether a name needs no record here: a developer's machine without a resolver, and its loopback names always. */
function isProvedByItself({ settings }: Context, name: string): boolean {
  const { environment, dnsResolver, dnsStaticRecords } = settings;
  if (environment !== "development") return false;
  return isLoopbackHost(name) || (dnsResolver === null && dnsStaticRecords === null && isDevelopmentName(name));
}

/** Whether another organization holds the name, or holds a name above and uses it at or below this one. */
async function isHeldByOthers(context: Context, domain: Domain): Promise<boolean> {
  const [holder, parent] = await Promise.all([
    findOtherHolder(context, domain),
    findParentInUse(context, domain, suffixesOf(domain.domain).slice(1)),
  ]);
  return holder !== null || parent !== null;
}

/**
 * Adds a domain to an organization: pending, with the record that proves it. That another organization holds the name is not
 * told here; `verifyDomain` decides who does.
 *
 * @returns `FREE_TIER_LIMIT_EXCEEDED` over the number of domains, `VALIDATION_ERROR` for what is no domain or is there already
 */
export async function addDomain(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  text: string,
): Promise<Result<PublicDomain>> {
  const refusal = await refuseOutsider(context, caller, organizationId);
  if (refusal) return refusal;
  const name = readName(context, text);
  if (!name.ok) return name;
  const most = mostDomains[await findPlanTier(context, organizationId)];
  const now = context.now();
  const pending: Domain = {
    id: newId<DomainId>(now),
    organizationId,
    domain: name.value,
    status: "pending",
    challenge: newChallenge(),
    shared: isLoopbackHost(name.value),
    createdAt: now,
    verifiedAt: null,
    lastCheckedAt: null,
    lastAnsweredAt: null,
    lapsedAt: null,
    misses: 0,
    lastMissDay: null,
    contestedAt: null,
    updatedAt: now,
  };
  return untilWritten(() => insert(context, caller, pending, most));
}

/** Adds the domain, verified where it needs no record; null when another organization was verified meanwhile. */
async function insert(
  context: Context,
  caller: Caller,
  pending: Domain,
  most: number,
): Promise<Result<PublicDomain> | null> {
  const { organizationId, domain: name, createdAt } = pending;
  const free = isProvedByItself(context, name) && (pending.shared || !(await isHeldByOthers(context, pending)));
  const domain: Domain = free ? { ...pending, status: "verified", verifiedAt: createdAt } : pending;
  const actions = ["domain.added", ...(free ? (["domain.verified"] as const) : [])] as const;
  const events = actions.map((action) => domainEvent(context, caller, action, domain));
  const added = publicDomain(domain);
  try {
    const answered = await answering(context, added);
    if (!(await commitChange(answered, [insertDomain(context, domain, most)], events))) {
      return problem("FREE_TIER_LIMIT_EXCEEDED", `The organization has ${most} domains, which is the most.`, {
        details: { limit: "maxDomains", max: most, current: await countDomains(context, organizationId) },
      });
    }
  } catch (error) {
    if (!Object.values(uniqueNames).some((columns) => violatesUnique(error, columns))) throw error;
    if (!(await findDomain(context, organizationId, name))) return null;
    return invalid([{ path: "domain", message: "is a domain of the organization already", received: name }]);
  }
  return ok(added);
}

/** The domains of an organization, newest first. */
export async function listDomains(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  request: PageRequest,
): Promise<Result<Page<PublicDomain>>> {
  const refusal = await refuseOutsider(context, caller, organizationId);
  if (refusal) return refusal;
  return pageOf({ name: "domains", organizationId }, domainIdSchema, request, {
    read: (page) => listRows(context, organizationId, page),
    keyOf: ({ id }) => id,
    show: publicDomain,
  });
}

/** The organization's domain of this name, as it is kept, or `DOMAIN_NOT_FOUND`. */
async function requireDomain(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  text: string,
): Promise<Result<Domain>> {
  const refusal = await refuseOutsider(context, caller, organizationId);
  if (refusal) return refusal;
  const name = readDomainName(text, context.settings.environment === "development");
  const domain = name.ok ? await findDomain(context, organizationId, name.name) : null;
  return domain ? ok(domain) : problem("DOMAIN_NOT_FOUND");
}

/** One domain, or `DOMAIN_NOT_FOUND`. */
export async function readDomain(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  text: string,
): Promise<Result<PublicDomain>> {
  const found = await requireDomain(context, caller, organizationId, text);
  return found.ok ? ok(publicDomain(found.value)) : found;
}

/**
 * Looks the record up and decides who holds the name.
 *
 * @returns `DOMAIN_NOT_VERIFIED` without the record, `DOMAIN_TAKEN` while another organization holds the name, `DOMAIN_IN_USE`
 *   where the owner of a name above uses it, `SERVICE_UNAVAILABLE` when the resolver does not say, `RATE_LIMIT_EXCEEDED`
 */
export async function verifyDomain(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  text: string,
): Promise<Result<PublicDomain>> {
  const found = await requireDomain(context, caller, organizationId, text);
  if (!found.ok) return found;
  const turn = await ledgerOf(context, organizationId).admitTurn("domain_verification");
  if (!turn.admitted) {
    return problem(
      "RATE_LIMIT_EXCEEDED",
      `An organization can have its domains verified ${turnsPerMinute.domain_verification} times a minute.`,
      {
        headers: { "Retry-After": String(turn.retryAfterSeconds) },
      },
    );
  }
  return untilWritten(async () => {
    const domain = await findDomain(context, organizationId, found.value.domain);
    if (!domain) return problem("DOMAIN_NOT_FOUND");
    const proved = await proveDomain(context, caller, domain);
    return proved?.ok ? ok(publicDomain(proved.value)) : proved;
  });
}

/** Removes a domain; `DOMAIN_IN_USE` while an active resource rests on it. */
export async function removeDomain(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  text: string,
): Promise<Result<undefined>> {
  return untilWritten(async () => {
    const found = await requireDomain(context, caller, organizationId, text);
    if (!found.ok) return found;
    const domain = found.value;
    const isHeld = domain.status !== "pending";
    if (isHeld && (await hasActiveResource(context, organizationId, domain.domain))) return problem("DOMAIN_IN_USE");
    const event = domainEvent(context, caller, "domain.removed", domain, { reason: "deleted" });
    const unused = isHeld ? noActiveResource(context, organizationId, domain.domain) : undefined;
    return (await commitChange(context, [deleteDomain(context, domain, unused)], [event])) && ok();
  });
}
