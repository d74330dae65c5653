/** What is derived from an entry of the catalogue. */
import { expect, it } from "vitest";
import { type AuditEventName, entryOf, isAudited, type WebhookEventName } from "../../src/events/catalogue.ts";

it("an event is in the audit log unless its entry is for webhooks only", () => {
  expect(isAudited({ audit: true })).toBe(true);
  expect(isAudited({ audit: true, webhook: "AgentEventData" })).toBe(true);
  expect(isAudited({ webhook: "AgentEventData" })).toBe(false);
});

it("an event of another version of the service has no entry, and is in the audit log", () => {
  expect(entryOf("agent.exploded")).toBeUndefined();
  expect(entryOf("toString")).toBeUndefined();
  expect(isAudited(entryOf("agent.exploded"))).toBe(true);
});

it("the types name the events of the log and of webhooks", () => {
  const audited: AuditEventName = "member.set";
  const subscribed: WebhookEventName = "tier.changed";
  // @ts-expect-error: webhooks cannot subscribe to it
  const refused: WebhookEventName = "member.set";
  expect([audited, subscribed, refused]).toStrictEqual(["member.set", "tier.changed", "member.set"]);
});
