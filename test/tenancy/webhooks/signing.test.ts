/** Signatures, as the libraries of the field check them, before, during and after a rotation of the secret. */
import { createHmac } from "node:crypto";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resealPrivateKeys } from "../../../src/keys/resealing.ts";
import { contextOf } from "../../../src/platform/context.ts";
import {
  advance,
  bindings,
  type Delivered,
  eventsOf,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  post,
  type Receiver,
  read,
  runCron,
  runQueue,
  subscribe,
  type Tenant,
  takeOver,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const hour = 3_600_000;

const ownSignature = (secret: string, { body }: Delivered) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** Whether each way of checking accepts the delivery with this secret. */
function verdicts(secret: string, delivered: Delivered) {
  const accepts = (verify: () => unknown) => {
    try {
      verify();
      return true;
    } catch {
      return false;
    }
  };
  const { headers, body } = delivered;
  return {
    standardwebhooks: accepts(() => new StandardWebhook(secret).verify(body, headers)),
    svix: accepts(() => new SvixWebhook(secret).verify(body, headers)),
    own: headers["x-sentryagent-signature"] === ownSignature(secret, delivered),
    previous: (headers["x-sentryagent-signature-previous"] ?? "").split(",").includes(ownSignature(secret, delivered)),
  };
}

const all = { standardwebhooks: true, svix: true };
const none = { standardwebhooks: false, svix: false, own: false, previous: false };
const byPresent = { ...all, own: true, previous: false };
const byPrevious = { ...all, own: false, previous: true };

async function nextDelivery(tenant: Tenant, receiver: Receiver): Promise<Delivered> {
  await happen(tenant);
  await runQueue();
  return receiver.received.at(-1)!;
}

const rotate = async (tenant: Tenant, webhook: { id: string }): Promise<string> => {
  const answer = await post(tenant, webhook, "rotate-secret");
  expect(answer.status, answer.text).toBe(200);
  return answer.body.signingSecret;
};

describe("a delivery", () => {
  it("has the headers that the documentation promises, and no others", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const { signingSecret } = await subscribe(tenant, receiver);
    const delivered = await nextDelivery(tenant, receiver);
    const id = JSON.parse(delivered.body).id;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const key = Buffer.from(signingSecret.slice("whsec_".length), "base64");
    expect(key.length).toBe(32);
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${delivered.body}`).digest("base64");
    expect(delivered.headers).toEqual({
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^SentryAgent-AgentIdP\//),
      "x-sentryagent-event": "agent.created",
      "x-sentryagent-signature": ownSignature(signingSecret, delivered),
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    });
  });

  it("that was changed, is old, or is signed for somebody else is refused by the libraries", async () => {
    const tenant = await newTenant();
    const [receiver, other] = [newReceiver(), newReceiver()];
    const { signingSecret } = await subscribe(tenant, receiver);
    const { signingSecret: foreign } = await subscribe(tenant, other);
    const delivered = await nextDelivery(tenant, receiver);
    expect(verdicts(signingSecret, delivered)).toEqual(byPresent);
    expect(verdicts(foreign, delivered)).toEqual(none);
    expect(verdicts(signingSecret, { ...delivered, body: `${delivered.body} ` })).toEqual(none);
    advance(6 * 60_000);
    expect(verdicts(signingSecret, delivered)).toMatchObject({ standardwebhooks: false, svix: false });
  });
});

describe("rotation", () => {
  it("before, during and after: both secrets verify for 24 hours, then only the new one", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    const old = webhook.signingSecret;
    expect(verdicts(old, await nextDelivery(tenant, receiver))).toEqual(byPresent);

    const fresh = await rotate(tenant, webhook);
    expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(fresh).not.toBe(old);
    const during = await nextDelivery(tenant, receiver);
    expect([verdicts(fresh, during), verdicts(old, during)]).toEqual([byPresent, byPrevious]);

    advance(24 * hour - 1000);
    const late = await nextDelivery(tenant, receiver);
    expect([verdicts(fresh, late), verdicts(old, late)]).toEqual([byPresent, byPrevious]);

    advance(1000);
    const afterwards = await nextDelivery(tenant, receiver);
    expect([verdicts(fresh, afterwards), verdicts(old, afterwards)]).toEqual([byPresent, none]);
    expect(afterwards.headers["x-sentryagent-signature-previous"]).toBe(undefined);
  });

  it("twice in a day keeps the promise to all three secrets", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    const first = webhook.signingSecret;
    const second = await rotate(tenant, webhook);
    advance(12 * hour);
    const third = await rotate(tenant, webhook);
    const during = await nextDelivery(tenant, receiver);
    expect([first, second, third].map((secret) => verdicts(secret, during))).toEqual([
      byPrevious,
      byPrevious,
      byPresent,
    ]);
    advance(12 * hour);
    const later = await nextDelivery(tenant, receiver);
    expect([first, second, third].map((secret) => verdicts(secret, later))).toEqual([none, byPrevious, byPresent]);
  });

  it("however often leaves the headers bounded, and one present secret", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    const secrets: string[] = [];
    for (let round = 0; round < 12; round++) secrets.push(await rotate(tenant, webhook));
    const delivered = await nextDelivery(tenant, receiver);
    expect(delivered.headers["webhook-signature"]?.split(" ").length).toBe(10);
    expect(verdicts(secrets.at(-1)!, delivered)).toEqual(byPresent);
    expect(verdicts(secrets.at(-2)!, delivered)).toEqual(byPrevious);
  });

  it("at the same time from two sides ends with one present secret", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    const secrets = await Promise.all([rotate(tenant, webhook), rotate(tenant, webhook), rotate(tenant, webhook)]);
    const delivered = await nextDelivery(tenant, receiver);
    const found = secrets.map((secret) => verdicts(secret, delivered));
    expect(found.filter(({ own }) => own).length).toBe(1);
    expect(found.every(({ standardwebhooks }) => standardwebhooks)).toBe(true);
  });

  it("is in the audit log without a secret, and changes nothing else of the record", async () => {
    const tenant = await newTenant();
    const { signingSecret: _, ...webhook } = await subscribe(tenant, newReceiver());
    const fresh = await rotate(tenant, webhook);
    const [event] = await eventsOf(tenant, "webhook.secret_rotated");
    expect(event).toMatchObject({ target: webhook.id, actor: { agentId: expect.any(String) } });
    expect(JSON.stringify(event)).not.toContain(fresh);
    const after = await read(tenant, webhook);
    expect(after).toEqual({ ...webhook, updated_at: after.updated_at });
  });
});

describe("the key that seals the secrets", () => {
  const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString("base64url")}`;

  it("can be changed: what the old one sealed is sealed anew, and signs as before", async () => {
    const tenant = await newTenant();
    const { id, signingSecret } = await subscribe(tenant, newReceiver());
    const { KEY_ENCRYPTION_KEYS } = bindings;
    const env = { ...bindings, KEY_ENCRYPTION_KEYS: `${key("new", 7)},${KEY_ENCRYPTION_KEYS}` };
    const source = { ip: "", userAgent: "cron" };
    const context = contextOf(
      env,
      { requestId: "reseal", source },
      () => undefined,
      async () => undefined,
    );
    await resealPrivateKeys(context);
    const sealed = async () =>
      (await bindings.DB.prepare("SELECT private_sealed FROM webhook_secrets WHERE subscription_id = ?")
        .bind(id)
        .first<{
          private_sealed: string;
        }>())!.private_sealed;
    expect(await sealed()).toMatch(/^v1\.new\./);

    // Back to the old key, so that the Worker of this test can use it.
    const back = { ...bindings, KEY_ENCRYPTION_KEYS: `${KEY_ENCRYPTION_KEYS},${key("new", 7)}` };
    for (const { name } of (await bindings.CACHE.list()).keys) await bindings.CACHE.delete(name);
    await resealPrivateKeys(
      contextOf(
        back,
        { requestId: "reseal", source },
        () => undefined,
        async () => undefined,
      ),
    );
    expect(await sealed()).toMatch(/^v1\.test-1\./);
    const receiver = newReceiver();
    await bindings.DB.prepare("UPDATE webhook_subscriptions SET url = ? WHERE id = ?").bind(receiver.url, id).run();
    expect(verdicts(signingSecret, await nextDelivery(tenant, receiver))).toEqual(byPresent);
  });

  it("when it is missing, nothing goes out unsigned, and nothing is lost", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const { id } = await subscribe(tenant, receiver);
    const kept = await bindings.DB.prepare(
      "SELECT private_sealed AS sealed FROM webhook_secrets WHERE subscription_id = ?",
    )
      .bind(id)
      .first<{ sealed: string }>();
    const put = (sealed: string) =>
      bindings.DB.prepare("UPDATE webhook_secrets SET private_sealed = ? WHERE subscription_id = ?")
        .bind(sealed, id)
        .run();
    await put(kept!.sealed.replace("v1.test-1.", "v1.lost."));
    await happen(tenant);
    await runQueue();
    expect(receiver.received).toEqual([]);
    await put(kept!.sealed);
    advance(60_000);
    await runCron();
    await runQueue();
    expect(receiver.received.length).toBe(1);
  });
});
