/** The end of an organization's webhooks. */
import { deleteDeliveries } from "../../deliveries/store.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { webhookChannel } from "./deliveries/channel.ts";
import { areDeliveriesOf, removeWebhooksWithoutDeliveries, stopWebhooksOf } from "./store.ts";

/**
 * Removes the webhooks of organizations: the secrets and past states at once, at most `limit` deliveries with their attempts, and the
 * subscriptions without deliveries. A removed subscription gets no delivery of a late event, because the delivery needs its row.
 */
export function removeWebhooksOf(
  context: Pick<Context, "db">,
  organizationIds: readonly OrganizationId[],
  limit: number,
) {
  return [
    ...stopWebhooksOf(context, organizationIds),
    ...deleteDeliveries(context, webhookChannel.tables, areDeliveriesOf(organizationIds, limit)),
    removeWebhooksWithoutDeliveries(context, organizationIds),
  ] as const;
}
