/** Resources: the APIs of an organization that take our tokens (RFC 8707). */
import type { SQL } from "drizzle-orm";
import { refuseUnlessAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { hasScope } from "../../access/scopes.ts";
import { differences } from "../../events/change.ts";
import { commitChange } from "../../events/outbox.ts";
import { commitHeld, expectResourceChange } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { newId, type OrganizationId, type ResourceId, resourceIdSchema } from "../../platform/ids.ts";
import { identifierReuseMs } from "../../platform/lifetimes.ts";
import { listed } from "../../platform/problems/bounds.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { findHostOwner, isHostOwner, isLoopbackHost } from "../../tenancy/domains/service.ts";
import { comparisonKey, type Identifier, readIdentifier } from "./identifier.ts";
import { publicResource, resourceEvent, wholeOf } from "./public-resource.ts";
import type { ChangeResource, CreateResource, PublicResource } from "./schema.ts";
import {
  countAgentsAmong,
  countResources,
  findOwner,
  findResource,
  hasActiveResource,
  insertResource,
  lastGivenUp,
  listResources as listRows,
  notGivenUp,
  type Resource,
  type ResourceChange,
  uniqueKeys,
  updateResource,
} from "./store.ts";

export { resourceSubscriber } from "./displacement.ts";
export { comparisonKey } from "./identifier.ts";

/** Resources of one organization at the most. */
const mostResources = { free: 100, pro: 100, enterprise: 5_000 } as const;

/** Why the entries do not fit the scopes of the resource; null when they do. */
function refuseEntries({
  scopes,
  allowedOrganizations,
}: Pick<Resource, "scopes" | "allowedOrganizations">): Problem | null {
  const known = new Set(scopes.map(({ name }) => name));
  const outside = allowedOrganizations.flatMap((entry) => entry.scopes.filter((name) => !known.has(name)));
  if (outside.length === 0) return null;
  const message =
    known.size === 0 ? "must be empty for a resource without scopes" : "must name scopes of the resource only";
  return invalid([{ path: "allowedOrganizations", message, received: listed(outside) }]);
}

/** Refuses servers that are not agents of the organization. */
async function refuseServers(context: Context, { organizationId, servers }: Resource): Promise<Problem | null> {
  if (servers.length === (await countAgentsAmong(context, organizationId, servers))) return null;
  return invalid([{ path: "servers", message: "must name agents of your organization only" }]);
}

/** Whether the name is the organization's to use: its own slug, or a host under the domain that it holds. */
async function refuseName(
  context: Context,
  organizationId: OrganizationId,
  slug: string,
  identifier: Exclude<Identifier, { kind: "none" }>,
): Promise<string | null> {
  if (identifier.kind === "urn") return identifier.slug === slug ? null : "must have the slug of your organization";
  const owner = await findHostOwner(context, organizationId, identifier.host);
  return owner === organizationId ? null : "must be at or below a verified domain of your organization";
}

/**
 * Registers a resource of the caller's organization.
 *
 * @returns `VALIDATION_ERROR` for a name that is not the organization's, `RESOURCE_ALREADY_EXISTS` for one that is taken, with
 *   `Retry-After` while tokens of a former owner can live, `FREE_TIER_LIMIT_EXCEEDED` over the number of resources
 */
export async function createResource(
  context: Context,
  caller: Caller,
  input: CreateResource,
): Promise<Result<PublicResource>> {
  const refusal = refuseUnlessAdmin(caller);
  return refusal ?? untilWritten(() => attempt(context, caller, input));
}

async function attempt(
  context: Context,
  caller: Caller,
  input: CreateResource,
): Promise<Result<PublicResource> | null> {
  const { organizationId } = caller;
  const { issuer, environment } = context.settings;
  const refused = (message: string) => invalid([{ path: "identifier", message, received: input.identifier }]);
  const identifier = readIdentifier(input.identifier, issuer, environment === "development");
  if (identifier.kind === "none") return refused(identifier.rule);
  const owner = await findOwner(context, organizationId);
  if (!owner) return problem("ORGANIZATION_NOT_FOUND");
  const rule = await refuseName(context, organizationId, owner.slug, identifier);
  if (rule) return refused(rule);
  const now = context.now();
  const host = identifier.kind === "url" ? identifier.host : null;
  const resource: Resource = {
    id: newId<ResourceId>(now),
    organizationId,
    ...input,
    key: comparisonKey(input.identifier),
    host,
    shared: host !== null && isLoopbackHost(host),
    status: "active",
    displacedAt: null,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
  const wrong = refuseEntries(resource) ?? (await refuseServers(context, resource));
  if (wrong) return wrong;
  const givenUpAt = await lastGivenUp(context, organizationId, resource.key, now - identifierReuseMs);
  if (givenUpAt !== null) {
    const waitSeconds = Math.ceil((givenUpAt + identifierReuseMs - now) / 1000);
    return problem("RESOURCE_ALREADY_EXISTS", undefined, { headers: { "Retry-After": String(waitSeconds) } });
  }
  const conditions = [
    notGivenUp(context, organizationId, resource.key, now - identifierReuseMs),
    ...(host === null ? [] : [isHostOwner(context, organizationId, host)]),
  ];
  return insert(context, caller, resource, mostResources[owner.planTier], conditions);
}

/** Stores a resource; null when one of the conditions does not hold any more. */
async function insert(
  context: Context,
  caller: Caller,
  resource: Resource,
  most: number,
  conditions: readonly SQL[],
): Promise<Result<PublicResource> | null> {
  const event = resourceEvent(context, caller, "resource.created", resource, wholeOf(resource));
  const created = publicResource(resource, true);
  try {
    const answered = await answering(context, created);
    const insertion = insertResource(context, resource, most, conditions);
    if (await commitChange(answered, [insertion], [event])) return ok(created);
  } catch (error) {
    if (uniqueKeys.some((columns) => violatesUnique(error, columns))) return problem("RESOURCE_ALREADY_EXISTS");
    throw error;
  }
  const current = await countResources(context, resource.organizationId);
  if (current < most) return null;
  return problem("FREE_TIER_LIMIT_EXCEEDED", `The organization has ${most} resources, which is the most.`, {
    details: { limit: "maxResources", max: most, current },
  });
}

/** Whether one of the audiences of a token, in the form for comparison, is an active resource of the organization. */
export async function ownsAudience(
  context: Context,
  organizationId: OrganizationId,
  keys: readonly string[],
): Promise<boolean> {
  return keys.length > 0 && hasActiveResource(context, organizationId, keys);
}

/** Whose resources a caller reads: its own organization's, or as an admin of the operator another's. */
function ownerFor(caller: Caller, asked: OrganizationId | undefined): OrganizationId | null {
  if (asked === undefined || asked === caller.organizationId) return caller.organizationId;
  return caller.isOperator && caller.role === "admin" ? asked : null;
}

/** The resources of an organization, newest first. */
export async function listResources(
  context: Context,
  caller: Caller,
  query: PageRequest & { readonly organizationId?: OrganizationId | undefined },
): Promise<Result<Page<PublicResource>>> {
  const organizationId = ownerFor(caller, query.organizationId);
  if (!organizationId) return problem("ORGANIZATION_NOT_FOUND");
  const whole = hasScope(caller, "admin:orgs");
  return pageOf({ name: "resources", organizationId }, resourceIdSchema, query, {
    read: (page) => listRows(context, organizationId, page),
    keyOf: ({ id }) => id,
    show: (resource) => publicResource(resource, whole),
  });
}

/** One resource, or `RESOURCE_NOT_FOUND`. */
export async function readResource(
  context: Context,
  caller: Caller,
  resourceId: ResourceId,
  asked: OrganizationId | undefined,
): Promise<Result<PublicResource>> {
  const organizationId = ownerFor(caller, asked);
  const resource = organizationId && (await findResource(context, organizationId, resourceId));
  return resource ? ok(publicResource(resource, hasScope(caller, "admin:orgs"))) : problem("RESOURCE_NOT_FOUND");
}

const changeable = [
  "name",
  "scopes",
  "allowedOrganizations",
  "servers",
  "tokenTtlSeconds",
  "requireDpop",
  "status",
] as const;

/** Why a resource cannot be active again; null when it can. A name that is lost, or whose domain is not held now, stays disabled. */
async function refuseActivation(context: Context, resource: Resource): Promise<Problem | null> {
  const lost = problem("DOMAIN_NOT_VERIFIED", "Your organization does not hold the domain of this resource now.");
  if (resource.displacedAt !== null) return lost;
  if (resource.host === null) return null;
  const owner = await findHostOwner(context, resource.organizationId, resource.host);
  return owner === resource.organizationId ? null : lost;
}

/** Changes a resource. Its identifier never changes: that would be another resource. */
export async function changeResource(
  context: Context,
  caller: Caller,
  resourceId: ResourceId,
  input: ChangeResource,
  preconditions: Preconditions,
): Promise<Result<PublicResource>> {
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  return untilWritten(async () => {
    const before = await findResource(context, caller.organizationId, resourceId);
    if (!before) return problem("RESOURCE_NOT_FOUND");
    const unmet = refuseUnmet(preconditions, publicResource(before, true));
    if (unmet) return unmet;
    const change: ResourceChange = differences(before, input);
    if (Object.keys(change).length === 0) return ok(publicResource(before, true));
    const updatedAt = nextVersion(context, before);
    const after: Resource = { ...before, ...change, updatedAt };
    const wrong =
      refuseEntries(after) ??
      (change.servers ? await refuseServers(context, after) : null) ??
      (change.status === "active" ? await refuseActivation(context, before) : null);
    if (wrong) return wrong;
    const [from, to] = [wholeOf(before), wholeOf(after)];
    const named = changeable.filter((field) => Object.hasOwn(change, field) && field !== "status");
    const details = Object.fromEntries(
      named.map((field) => [field, { from: from[field] ?? null, to: to[field] ?? null }]),
    );
    const disabled = change.status === "disabled";
    const events = [
      ...(named.length > 0 || change.status === "active"
        ? [
            resourceEvent(
              context,
              caller,
              "resource.updated",
              after,
              change.status === "active" ? { ...details, status: "active" } : details,
            ),
          ]
        : []),
      ...(disabled ? [resourceEvent(context, caller, "resource.disabled", after, { reason: "changed" })] : []),
    ];
    // The domain can be removed since it was read.
    const host = change.status === "active" ? before.host : null;
    const held = host === null ? undefined : isHostOwner(context, before.organizationId, host);
    const hold = await expectResourceChange(context, before.organizationId);
    const update = updateResource(context, before, change, updatedAt, held);
    return (await commitHeld(context, hold, [update], events)) && ok(publicResource(after, true));
  });
}

/** Deletes a resource: its tokens introspect as not active from now on. Another organization can have the name a day later. */
export async function deleteResource(
  context: Context,
  caller: Caller,
  resourceId: ResourceId,
  preconditions: Preconditions,
): Promise<Result<undefined>> {
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  return untilWritten(async () => {
    const before = await findResource(context, caller.organizationId, resourceId);
    if (!before) return problem("RESOURCE_NOT_FOUND");
    const unmet = refuseUnmet(preconditions, publicResource(before, true));
    if (unmet) return unmet;
    const updatedAt = nextVersion(context, before);
    const change = { status: "disabled", deletedAt: context.now() } as const;
    const event = resourceEvent(context, caller, "resource.deleted", { ...before, ...change, updatedAt });
    const hold = await expectResourceChange(context, before.organizationId);
    const written = await commitHeld(context, hold, [updateResource(context, before, change, updatedAt)], [event]);
    return written && ok();
  });
}
