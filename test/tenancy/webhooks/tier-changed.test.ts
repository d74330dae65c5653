/** `tier.changed`, where the operator is the cause; what a subscription causes is in `test/interop/billing/`. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adminToken, type Body, call, theOperator } from "../../support/api.ts";
import {
  eventsOf,
  giveBack,
  newReceiver,
  newTenant,
  type Receiver,
  runQueue,
  subscribe,
  type Tenant,
  takeOver,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const bodiesOf = ({ received }: Receiver): Body[] => received.map(({ body }) => JSON.parse(body));

/** The operator's organization, as one that subscribes. */
async function operatorAsTenant(): Promise<Tenant> {
  const { clientId, clientSecret, organizationId } = await theOperator();
  return { clientId, clientSecret, organizationId, token: () => adminToken({ clientId, clientSecret }) };
}

async function change({ organizationId }: Tenant, json: Record<string, unknown>): Promise<void> {
  const token = await adminToken(await theOperator());
  const answer = await call(`/api/v1/organizations/${organizationId}`, { method: "PATCH", token, json });
  expect(answer.status, answer.text).toBe(200);
}

describe("tier.changed, when the operator changes the tier", () => {
  it("is told once for each change, and is in the audit log under the same id", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    await subscribe(tenant, receiver, { events: ["tier.changed"] });
    await change(tenant, { planTier: "free", maxAgents: 5 });
    await change(tenant, { planTier: "free" });
    await change(tenant, { name: "Another name", maxAgents: null });
    await change(tenant, { planTier: "pro" });
    await runQueue();

    const { organizationId } = tenant;
    const told = bodiesOf(receiver);
    expect(told.map(({ event, organization_id, data }) => [event, organization_id, data.planTier])).toEqual([
      ["tier.changed", organizationId, "free"],
      ["tier.changed", organizationId, "pro"],
    ]);
    expect(told[1].data).toMatchObject({ organizationId, name: "Another name", maxAgents: null, status: "active" });
    expect(told[1].data).not.toHaveProperty("isOperator");
    const recorded = await eventsOf(tenant, "tier.changed");
    expect(recorded.map(({ eventId, details }) => [eventId, details])).toEqual([
      [told[0].id, { planTier: { from: "enterprise", to: "free" } }],
      [told[1].id, { planTier: { from: "free", to: "pro" } }],
    ]);
  });

  it("is not told to the operator's webhooks, whose log has it too", async () => {
    const [tenant, operator] = [await newTenant(), await operatorAsTenant()];
    const [ofTenant, ofOperator] = [newReceiver(), newReceiver()];
    await subscribe(tenant, ofTenant, { events: ["tier.changed"] });
    await subscribe(operator, ofOperator, { events: ["tier.changed"] });
    await change(tenant, { planTier: "pro" });
    await runQueue();
    expect(ofTenant.received.length).toBe(1);
    expect(ofOperator.received).toEqual([]);
    const echoes = (await eventsOf(operator, "tier.changed")).filter(({ target }) => target === tenant.organizationId);
    expect(echoes.map(({ details }) => details)).toEqual([{ planTier: { from: "enterprise", to: "pro" } }]);
  });
});
