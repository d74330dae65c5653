/** What the screens of webhooks work out by themselves. */
import { describe, expect, it } from "vitest";
import type { Webhook } from "../src/api/schema.ts";
import { webhookEventTypes } from "../src/api/values.ts";
import { changesOf, differencesOf, draftOf } from "../src/screens/webhooks/draft.ts";
import { eventGroups, eventsText } from "../src/screens/webhooks/events.ts";
import { offset } from "../src/screens/webhooks/offset-pager.tsx";
import { stateOf } from "../src/screens/webhooks/state.tsx";

const webhook: Webhook = {
  id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0007",
  organization_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0002",
  name: "Directory sync",
  url: "https://hooks.acme.example/",
  events: ["agent.created", "token.issued"],
  active: true,
  failure_count: 0,
  created_at: "2026-11-01T00:00:00.000Z",
  updated_at: "2026-11-01T00:00:00.000Z",
};

it("every event is in one group", () => {
  expect(eventGroups.flatMap(({ events }) => events).sort()).toEqual([...webhookEventTypes].sort());
});

it.each([
  [["agent.created"], "agent.created"],
  [["token.revoked", "token.issued"], "token (all 2)"],
  [["tier.changed", "agent.created"], "agent.created, tier.changed"],
  [["a.newer.event"], "a.newer.event"],
  [webhookEventTypes, "all events"],
])("events %j are %j", (events, text) => {
  expect(eventsText(events)).toBe(text);
});

it.each([
  [{}, "active"],
  [{ active: false }, "inactive"],
  [{ active: false, failure_count: 5 }, "disabled"],
  [{ failure_count: 4 }, "active"],
])("%j is %s", (fields, state) => {
  expect(stateOf({ ...webhook, ...fields })).toBe(state);
});

it.each([
  ["0", undefined],
  ["25", "25"],
  ["1000000", "1000000"],
  ["1000001", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["", undefined],
])("the place %j in the URL is %j", (text, place) => {
  expect(offset(text)).toBe(place);
});

describe("a changed form", () => {
  it("sends what differs, and nothing where only the order of events or blanks do", () => {
    const draft = draftOf(webhook);
    expect(
      changesOf({ ...draft, events: ["token.issued", "agent.created"], name: " Directory sync " }, webhook),
    ).toEqual({});
    expect(changesOf({ ...draft, url: "https://other.example/" }, webhook)).toEqual({ url: "https://other.example/" });
  });

  it("shows what others saved meanwhile beside what it would save", () => {
    const newer: Webhook = { ...webhook, name: "Theirs", url: "https://theirs.example/" };
    expect(differencesOf(webhook, { name: "Mine" }, newer)).toEqual([
      { label: "Name", yours: "Mine", theirs: "Theirs" },
      { label: "URL", yours: "not changed by you: stays as saved", theirs: "https://theirs.example/" },
    ]);
  });
});
