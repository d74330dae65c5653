/** The events of organizations: their tier, their members, their webhooks. */
import type { EventEntries } from "./entry.ts";

export const tenancyEvents = {
  "organization.created": { audit: true, changes: "organization" },
  "organization.updated": { audit: true, changes: "organization" },
  "organization.suspended": { audit: true, changes: "organization" },
  "organization.reactivated": { audit: true, changes: "organization" },
  "organization.deleted": { audit: true, changes: "organization" },
  "organization.exported": { audit: true },
  "tier.changed": { audit: true, webhook: "TierEventData", changes: "organization" },
  "domain.added": { audit: true, webhook: "DomainEventData" },
  "domain.verified": { audit: true, webhook: "DomainEventData", changes: "resources" },
  "domain.contested": { audit: true, webhook: "DomainEventData", changes: "resources" },
  "domain.lapsed": { audit: true, webhook: "DomainEventData", changes: "resources" },
  "domain.removed": { audit: true, webhook: "DomainEventData", changes: "resources" },
  "member.set": { audit: true, changes: "agent" },
  "member.removed": { audit: true, changes: "agent" },
  "webhook.created": { audit: true, changes: "webhooks" },
  "webhook.updated": { audit: true, changes: "webhooks" },
  "webhook.secret_rotated": { audit: true },
  "webhook.disabled": { audit: true, changes: "webhooks" },
  "webhook.deleted": { audit: true, changes: "webhooks" },
  "audit.gap_accepted": { audit: true },
} as const satisfies EventEntries;
