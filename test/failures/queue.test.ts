/** The consumer of the webhook queue: whatever fails in it, the delivery is made. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { attackRuns, handOver, newWaiting, type Waiting } from "./support/background.ts";
import { bindings, giveBack, modes, takeOver } from "./support/faults.ts";
import { comeToAnEnd } from "./support/send.ts";

beforeAll(takeOver);
afterAll(async () => {
  giveBack();
  await comeToAnEnd();
});

async function dueDelivery({ organization, subscriptionId }: Waiting): Promise<string> {
  await handOver(bindings, [{ relay: organization.organizationId }]);
  const id = await bindings.DB.prepare("SELECT id FROM webhook_deliveries WHERE subscription_id = ?")
    .bind(subscriptionId)
    .first<string>("id");
  return id ?? "";
}

/** What the messages say, of which there is one in a batch. */
const messages: [string, (waiting: Waiting) => Promise<unknown>][] = [
  ["a delivery is due", async (waiting) => ({ deliveryId: await dueDelivery(waiting) })],
  [
    "something of a subscription is due",
    async (waiting) => {
      await dueDelivery(waiting);
      return { subscriptionId: waiting.subscriptionId };
    },
  ],
  ["an organization's events wait", async ({ organization }) => ({ relay: organization.organizationId })],
];

const ways = messages.flatMap(([what, message]) => modes.map((mode) => [what, mode, message] as const));

it.each(ways)("%s; each call fails: %s", { timeout: 900_000 }, async (_, mode, message) => {
  const calls = await attackRuns(mode, 60, async () => {
    const waiting = await newWaiting();
    const body = await message(waiting);
    return { waiting, run: (env: Bindings) => handOver(env, [body]) };
  });
  expect(calls).toBeGreaterThan(2);
});
