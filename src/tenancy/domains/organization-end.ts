/** What a deleted organization leaves behind: none of its domains. */
import { commitChange } from "../../events/outbox.ts";
import type { Subscriber } from "../../events/relay.ts";
import { deleteDomain, domainsOf } from "./store.ts";
import { domainEvent } from "./verification.ts";

/** Removes the domains of an organization that is deleted, so that others can prove these names. */
export const domainSubscriber: Subscriber = {
  name: "domains",
  async handle(context, organizationId, events) {
    if (!events.some(({ action, target }) => action === "organization.deleted" && target === organizationId)) return;
    for (const domain of await domainsOf(context, organizationId)) {
      const event = domainEvent(context, null, "domain.removed", domain, { reason: "organization_deleted" });
      await commitChange(context, [deleteDomain(context, domain)], [event]);
    }
  },
};
