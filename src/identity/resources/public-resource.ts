/** A resource as the API and its events show it. */
import type { Caller } from "../../access/caller.ts";
import type { DomainEvent, JsonValue } from "../../events/catalogue.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { isoOf } from "../../platform/time.ts";
import type { PublicResource } from "./schema.ts";
import type { Resource } from "./store.ts";

/** @param whole shows, too, which organizations are allowed: to a caller with `admin:orgs` */
export function publicResource(resource: Resource, whole: boolean): PublicResource {
  const { id, organizationId, identifier, name, scopes, tokenTtlSeconds, requireDpop, status } = resource;
  const allowedOrganizations = resource.allowedOrganizations.map((entry) => ({ ...entry, scopes: [...entry.scopes] }));
  return {
    resourceId: id,
    organizationId,
    identifier,
    name,
    scopes: scopes.map((scope) => ({ ...scope })),
    ...(whole ? { allowedOrganizations, servers: [...resource.servers] } : {}),
    tokenTtlSeconds,
    requireDpop,
    status,
    createdAt: isoOf(resource.createdAt),
    updatedAt: isoOf(resource.updatedAt),
  };
}

/** What the audit log keeps of a resource. */
export function wholeOf(resource: Resource): { readonly [key: string]: JsonValue } {
  const { name, scopes, allowedOrganizations, servers, tokenTtlSeconds, requireDpop } = resource;
  return {
    name,
    scopes: scopes.map((scope) => scope.name),
    allowedOrganizations: allowedOrganizations.map((entry) => ({ ...entry })),
    servers: [...servers],
    tokenTtlSeconds,
    requireDpop,
  };
}

type ResourceAction = "resource.created" | "resource.updated" | "resource.disabled" | "resource.deleted";

/** An event about a resource. A webhook gets what a caller with `agents:read` sees. */
export function resourceEvent(
  context: Context,
  caller: Caller | null,
  action: ResourceAction,
  resource: Resource,
  details: { readonly [key: string]: JsonValue } = {},
): DomainEvent {
  const { allowedOrganizations: _, servers: __, ...data } = publicResource(resource, false);
  return newEvent(context, actorOf(context, caller), {
    organizationId: resource.organizationId,
    action,
    agentId: null,
    target: resource.id,
    details: { identifier: resource.identifier, ...details },
    data,
  });
}
