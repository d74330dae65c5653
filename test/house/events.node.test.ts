/** The catalogue of events and the code agree: every name that the code uses has an entry, and every entry is used. */
import { expect, it } from "vitest";
import { identityEvents } from "../../src/events/catalogue/identity.ts";
import { keyEvents } from "../../src/events/catalogue/keys.ts";
import { tenancyEvents } from "../../src/events/catalogue/tenancy.ts";
import { auditEventNames, events, webhookEventNames } from "../../src/events/catalogue.ts";
import { modules } from "./_source.ts";

const things = [...new Set(Object.keys(events).map((name) => name.split(".")[0]))];
const literal = new RegExp(`["'\`]((?:${things.join("|")})\\.[a-z_]+)["'\`]`, "g");

const users = modules.filter(({ path }) => !path.startsWith("events/catalogue/"));
const used = new Set(users.flatMap(({ text }) => [...text.matchAll(literal)].map(([, name]) => name)));

it("every name of an event in src has an entry", () => {
  // It is sent to one subscription on demand and is no event: no webhook can subscribe to it.
  const notEvents = ["webhook.test"];
  expect([...used].filter((name) => name && !Object.hasOwn(events, name)).sort()).toStrictEqual(notEvents);
});

it("every entry is used", () => {
  expect(Object.keys(events).filter((name) => !used.has(name))).toStrictEqual([]);
});

it("no two wings have an entry of the same name", () => {
  const files = [tenancyEvents, identityEvents, keyEvents];
  expect(files.flatMap((file) => Object.keys(file))).toHaveLength(Object.keys(events).length);
});

it("webhooks get the thirteen events of the contract, in its order", () => {
  expect(webhookEventNames).toStrictEqual([
    "agent.created",
    "agent.updated",
    "agent.suspended",
    "agent.reactivated",
    "agent.decommissioned",
    "credential.generated",
    "credential.rotated",
    "credential.revoked",
    "token.issued",
    "token.revoked",
    "delegation.created",
    "delegation.revoked",
    "tier.changed",
  ]);
});

it("the audit log can be searched for every event in it", () => {
  expect(auditEventNames).toHaveLength(38);
  expect(auditEventNames).toContain("signing_key.compromised");
});
