/** The screens of webhooks in each of their states, with texts that break layouts. */
import { ago, markup, pageOf, turned } from "./_agents.ts";
import { idOf, refusals } from "./_answers.ts";
import { expectEveryState, newStage } from "./_console.ts";

const stage = newStage();
const others = ["loading", "error", "forbidden", "overLimit"] as const;

const webhook = (number: number, fields: Record<string, unknown> = {}) => ({
  id: idOf(number),
  organization_id: idOf(2),
  name: `Directory sync ${number}`,
  url: `https://hooks.acme.example/agentidp/${number}`,
  events: ["agent.created", "token.issued"],
  active: true,
  failure_count: 0,
  created_at: ago(86_400 * number),
  updated_at: ago(3600),
  ...fields,
});

/** As far as the API lets a text go. */
const hostile = webhook(7, {
  name: `${markup}${turned}${"x".repeat(60)}`,
  url: `https://${"label.".repeat(20)}example/${"path".repeat(400)}`,
  events: [
    "agent.created",
    "agent.updated",
    "credential.rotated",
    "credential.revoked",
    "token.issued",
    "domain.lapsed",
  ],
  active: false,
  failure_count: 5,
});

const payload = {
  id: idOf(500),
  event: "agent.created",
  timestamp: ago(30),
  organization_id: idOf(2),
  data: { description: `${markup}${turned}`, owner: "x".repeat(1000) },
};

const delivery = (number: number, fields: Record<string, unknown> = {}) => ({
  id: idOf(number),
  subscription_id: idOf(7),
  event_type: "agent.created",
  payload,
  status: "delivered",
  http_status_code: 204,
  response_body: "",
  error: null,
  attempt_count: 1,
  next_retry_at: null,
  delivered_at: ago(20),
  created_at: ago(number * 60),
  updated_at: ago(20),
  ...fields,
});

const given = {
  status: "dead_letter",
  http_status_code: 500,
  response_body: `<html>${markup}${turned}${"y".repeat(900)}</html>`,
  error: `answered 500 ${"z".repeat(100)}`,
  attempt_count: 26,
  delivered_at: null,
};

expectEveryState(stage, {
  path: "/webhooks",
  title: "Webhooks",
  needs: "webhooks:read",
  answers: {
    "GET /webhooks": {
      data: [hostile, webhook(8, { active: false }), ...Array.from({ length: 23 }, (_, index) => webhook(9 + index))],
      nextCursor: "next",
    },
  },
  empty: { "GET /webhooks": pageOf() },
  shows: { filled: "First page, 25 webhooks", empty: "No webhooks yet" },
});

const one = {
  "GET /webhooks/{webhookId}": hostile,
  "GET /webhooks/{webhookId}/deliveries": {
    deliveries: [
      delivery(1, given),
      delivery(2, { status: "failed", http_status_code: null, error: "could not connect", next_retry_at: ago(-300) }),
      delivery(3, { status: "pending", attempt_count: 0, http_status_code: null, response_body: null }),
      ...Array.from({ length: 22 }, (_, index) => delivery(4 + index)),
    ],
    total: 12_345,
    limit: 25,
    offset: 0,
  },
};

expectEveryState(stage, {
  path: `/webhooks/${idOf(7)}`,
  title: hostile.name,
  answers: one,
  empty: { "GET /webhooks/{webhookId}/deliveries": { deliveries: [], total: 0, limit: 25, offset: 0 } },
  without: others,
  shows: { filled: "1 to 25 of 12,345 deliveries", empty: "No deliveries" },
  prepare: async (page, state) => {
    if (state !== "empty") return;
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("It cannot be undone.").waitFor();
  },
});

// A link to a place that the list had once, and a place that another filter does not have.
expectEveryState(stage, {
  path: `/webhooks/${idOf(7)}?status=delivered&offset=50`,
  title: hostile.name,
  answers: one,
  empty: { "GET /webhooks/{webhookId}/deliveries": { deliveries: [], total: 30, limit: 25, offset: 50 } },
  without: others,
  shows: { filled: "1 to 25 of 12,345 deliveries", empty: "No deliveries on this page" },
  prepare: async (page, state) => {
    if (state !== "filled") return;
    await page.getByRole("button", { name: "Clear" }).click();
    await page.waitForURL((url) => url.search === "");
  },
});

// Without the record the heading cannot have its name.
expectEveryState(stage, { path: `/webhooks/${idOf(7)}`, title: "Webhook", answers: one, without: ["filled", "empty"] });

expectEveryState(stage, {
  path: `/webhooks/${idOf(7)}/deliveries/${idOf(1)}`,
  title: "agent.created",
  answers: {
    "GET /webhooks/{webhookId}": hostile,
    "GET /webhooks/{webhookId}/deliveries/{deliveryId}": {
      ...delivery(1, given),
      attempts: Array.from({ length: 20 }, (_, index) => ({
        at: ago(60 * (index + 1)),
        http_status_code: index % 2 === 0 ? 500 : null,
        error: index % 2 === 0 ? given.error : "no complete answer within 10000 ms",
        duration_ms: 10_000,
      })),
    },
  },
  without: ["empty", ...others],
  shows: { filled: "The last 20 of 26." },
});

expectEveryState(stage, {
  path: "/webhooks/new",
  title: "Create a webhook",
  answers: {},
  without: ["empty", ...others],
  prepare: async (page) => {
    await page.getByRole("textbox", { name: "Name" }).fill("Directory sync");
    await page.getByLabel("URL").fill("https://hooks.acme.example/");
    await page.getByRole("button", { name: "Create the webhook" }).click();
    await page.getByText("Choose at least one event").waitFor();
  },
});

expectEveryState(stage, {
  path: `/webhooks/${idOf(7)}/edit`,
  title: "Edit the webhook",
  answers: { "GET /webhooks/{webhookId}": hostile, "PATCH /webhooks/{webhookId}": refusals.changed },
  without: ["empty", ...others],
  prepare: async (page) => {
    await page.getByRole("textbox", { name: "Name" }).fill("Another name");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Save mine" }).waitFor();
  },
});
