/** Somebody who is told of what happens, with a receiver that fails now and then. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import {
  accept,
  type Behavior,
  failing,
  type Receiver,
  reset,
  startReceiver,
  status,
} from "../interop/_webhook-receiver.ts";
import { type Admin, send, tokenFor } from "../support/http-client.ts";
import type { WorkerProcess } from "../support/worker-process.ts";

const refuseOnce = failing(1, status(500));
const breakOnce = failing(1, reset);

/** One event in eight is refused the first time, and for another the connection breaks. */
const moody: Behavior = (response, request, received) => {
  const [dice = 0] = createHash("sha256").update(String(received.headers["webhook-id"])).digest();
  const behave = dice < 32 ? refuseOnce : dice < 64 ? breakOnce : accept;
  behave(response, request, received);
};

const told = ["agent.created", "credential.rotated", "credential.revoked"];

export interface Hooks {
  readonly receiver: Receiver;
  /** Waits until all that was told of has arrived, as long as retries may take. */
  settle(): Promise<void>;
  /** Events of the audit log that never arrived. */
  lacking(): Promise<string[]>;
}

/** Subscribes a receiver to some of what happens in some organizations. */
export async function subscribe(worker: WorkerProcess, organizations: readonly Admin[]): Promise<Hooks> {
  const receiver = await startReceiver(moody);
  const scope = "webhooks:read webhooks:write";
  for (const organization of organizations) {
    const token = await tokenFor(worker.issuer, organization, { scope });
    const json = { name: "A receiver", url: receiver.url, events: told };
    const answer = await send(worker.issuer, "/api/v1/webhooks", { token, json });
    expect(answer.status, answer.text).toBe(201);
  }
  const lacking = async () => {
    const rows = await worker.query<{ id: string }>(
      `SELECT event_id AS id FROM audit_events JOIN webhook_subscriptions AS subscription USING (organization_id)
       WHERE action IN (SELECT value FROM json_each(subscription.events)) AND timestamp >= subscription.created_at`,
    );
    const arrived = receiver.eventIds();
    return rows.map(({ id }) => id).filter((id) => !arrived.has(id));
  };
  return {
    receiver,
    lacking,
    async settle() {
      const deadlineMs = Date.now() + 600_000;
      while (Date.now() < deadlineMs) {
        await worker.runCron();
        const open = await worker.query("SELECT id FROM webhook_deliveries WHERE due_at IS NOT NULL LIMIT 1");
        if (open.length === 0 && (await lacking()).length === 0) return;
        await sleep(3_000);
      }
    },
  };
}
