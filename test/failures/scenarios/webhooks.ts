/** The write routes of webhooks. */
import { createMessageBatch } from "cloudflare:test";
import { expect } from "vitest";
import worker from "../../../src/worker.ts";
import { call, newAgent, type Organization } from "../../support/api.ts";
import type { Scenario, Scenarios } from "../support/attack.ts";
import { bindings, clockAhead } from "../support/faults.ts";
import { serve } from "../support/issuer.ts";
import { type Attempt, hookUrl, inOrganization, subscribe } from "../support/organization.ts";
import { execution } from "../support/send.ts";

/** Longer than an attempt may take that nobody hears of any more. */
const leaseAndMoreMs = 40_000;

/** The queue hands over what is due, and what a claim was lost for. */
async function deliver(subscriptionId: string): Promise<void> {
  const messages = ["a", "b", "c"].map((id) => ({ id, timestamp: new Date(), attempts: 1, body: { subscriptionId } }));
  await clockAhead(leaseAndMoreMs, async () => {
    await worker.queue(createMessageBatch("agentidp-webhooks", messages), bindings, execution);
  });
}

/** A request about a subscription whose receiver accepts everything. */
const aboutWebhook = (
  prepare: (organization: Organization, path: string, id: string) => Promise<Attempt>,
): Pick<Scenario, "world"> =>
  inOrganization(async (organization) => {
    serve(new URL(hookUrl).origin, () => new Response(null, { status: 204 }));
    const id = await subscribe(organization);
    const attempt = await prepare(organization, `/api/v1/webhooks/${id}`, id);
    return { ...attempt, names: { [id]: "webhook", ...attempt.names }, check: () => deliver(id) };
  });

export const webhookScenarios: Scenarios = {
  createWebhook: inOrganization(async ({ token }) => {
    const json = { name: "Hook", url: hookUrl, events: ["agent.created"] };
    return { path: "/api/v1/webhooks", call: { token, json } };
  }),

  changeWebhook: aboutWebhook(async ({ token }, path) => {
    await call(path, { method: "PATCH", token, json: { active: false } });
    return { path, call: { method: "PATCH", token, json: { name: "Another name", active: true } } };
  }),

  deleteWebhook: aboutWebhook(async ({ token }, path) => {
    await newAgent(token);
    return { path, call: { method: "DELETE", token } };
  }),

  rotateWebhookSecret: aboutWebhook(async ({ token }, path) => ({ path: `${path}/rotate-secret`, call: { token } })),

  testWebhook: {
    ...aboutWebhook(async ({ token }, path) => ({ path: `${path}/test`, call: { token } })),
    // The receiver did not get it: that is what a test is for.
    orTells: (hit) => (hit.startsWith("fetch ") ? { told: "200 dead_letter", retryAfterMs: 0 } : null),
  },

  redeliverDelivery: aboutWebhook(async ({ token }, path, id) => {
    await newAgent(token);
    await deliver(id);
    const { body } = await call(`${path}/deliveries`, { token });
    expect(body.deliveries).toMatchObject([{ status: "delivered" }]);
    const [{ id: deliveryId }] = body.deliveries;
    return { path: `${path}/deliveries/${deliveryId}/redeliver`, call: { token }, names: { [deliveryId]: "delivery" } };
  }),
};
