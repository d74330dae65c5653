/** What takes a name from its resources: another organization that proves it, and the end of the organization. */
import { commitChange } from "../../events/outbox.ts";
import type { Subscriber } from "../../events/relay.ts";
import type { Context } from "../../platform/context.ts";
import { nextVersion } from "../../platform/db/conditional.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { findHostOwner } from "../../tenancy/domains/service.ts";
import { resourceEvent } from "./public-resource.ts";
import { type Resource, resourcesOf, resourcesOfOthers, updateResource } from "./store.ts";

/** Disables a resource for good. A lost race is made good by the next event or by the request that won it. */
async function displace(context: Context, resource: Resource, reason: string): Promise<void> {
  const updatedAt = nextVersion(context, resource);
  const change = { status: "disabled", displacedAt: context.now() } as const;
  const event = resourceEvent(context, null, "resource.disabled", { ...resource, ...change, updatedAt }, { reason });
  await commitChange(context, [updateResource(context, resource, change, updatedAt)], [event]);
}

/** A domain has a new holder. Who holds a longer name below keeps the resources under it. */
async function displaceUnder(context: Context, holder: OrganizationId, domain: string): Promise<void> {
  for (const resource of await resourcesOfOthers(context, holder, domain)) {
    const owner = resource.host && (await findHostOwner(context, resource.organizationId, resource.host));
    if (owner !== resource.organizationId) await displace(context, resource, "domain_taken");
  }
}

export const resourceSubscriber: Subscriber = {
  name: "resources",
  async handle(context, organizationId, events) {
    for (const { action, target, details } of events) {
      if (action === "domain.verified") await displaceUnder(context, organizationId, String(details.domain));
      if (action === "organization.deleted" && target === organizationId) {
        for (const resource of await resourcesOf(context, organizationId)) {
          await displace(context, resource, "organization_deleted");
        }
      }
    }
  },
};
