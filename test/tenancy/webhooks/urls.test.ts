/** The URL of a webhook: its stored form, and what another URL means for the failures. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { call } from "../../support/api.ts";
import {
  bindings,
  deliveriesOf,
  failWith,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  patch,
  read,
  runNext,
  runQueue,
  schedule,
  subscribe,
  takeOver,
  webhooksPath,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

/** Pairs of the URL standard: what a customer writes, and its `href`. */
it.each([
  ["HTTPS://Hooks.Acme.EXAMPLE:443", "https://hooks.acme.example/"],
  ["https://hooks.acme.example/a/../b/./c?x=ü y".replace(" ", "%20"), "https://hooks.acme.example/b/c?x=%C3%BC%20y"],
  ["https://bücher.example:8443/in?", "https://xn--bcher-kva.example:8443/in?"],
])("%s is stored as %s, and every answer shows that", async (written, normal) => {
  const tenant = await newTenant();
  const webhook = await subscribe(tenant, { url: written });
  expect(webhook.url).toBe(normal);
  expect((await read(tenant, webhook)).url).toBe(normal);
  const other = await subscribe(tenant, { url: "https://other.example.com/" });
  expect((await patch(tenant, other, { url: written })).body.url).toBe(normal);
  const list = await call(webhooksPath, { token: await tenant.token() });
  expect(list.body.data.map(({ url }: { url: string }) => url)).toEqual([normal, normal]);
});

it("a URL that is too long in its normal form is refused, because it would be at each send", async () => {
  const tenant = await newTenant();
  const url = `https://hooks.acme.example/${"ü".repeat(1000)}`;
  const answer = await call(webhooksPath, {
    token: await tenant.token(),
    json: { name: "long", url, events: ["agent.created"] },
  });
  expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
  expect(answer.text).toContain("at most 2048 characters");
});

const failuresOf = (id: string) =>
  bindings.DB.prepare("SELECT failure_count, slow_until FROM webhook_subscriptions WHERE id = ?").bind(id).first();

it("another URL starts without failures, and does not resume; another spelling of the same URL changes nothing", async () => {
  const tenant = await newTenant();
  const webhook = await subscribe(tenant, { url: "https://old.example.com/" });
  const slowUntil = Date.now() + 60_000;
  await bindings.DB.prepare(
    "UPDATE webhook_subscriptions SET failure_count = 4, slow_until = ?, active = 0 WHERE id = ?",
  )
    .bind(slowUntil, webhook.id)
    .run();
  await patch(tenant, webhook, { url: "HTTPS://OLD.example.com:443" });
  expect(await failuresOf(webhook.id)).toEqual({ failure_count: 4, slow_until: slowUntil });
  const { body } = await patch(tenant, webhook, { url: "https://new.example.com/" });
  expect(body).toMatchObject({ url: "https://new.example.com/", failure_count: 0, active: false });
  expect(await failuresOf(webhook.id)).toEqual({ failure_count: 0, slow_until: 0 });
});

it("the fifth dead letter is the first of a new URL", async () => {
  const tenant = await newTenant();
  const webhook = await subscribe(tenant, newReceiver(failWith(500)));
  const giveUp = async () => {
    await happen(tenant);
    await runQueue();
    for (const _ of schedule) await runNext();
  };
  for (let count = 0; count < 4; count++) await giveUp();
  expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: 4 });
  await patch(tenant, webhook, { url: newReceiver(failWith(500)).url });
  await giveUp();
  expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: 1 });
}, 60_000);

it("410 of the old URL, which comes after the change, does not disable the new one", async () => {
  const tenant = await newTenant();
  const after = newReceiver();
  const before = newReceiver(async () => {
    await patch(tenant, webhook, { url: after.url });
    return new Response(null, { status: 410 });
  });
  const webhook = await subscribe(tenant, before);
  await happen(tenant);
  await runQueue();
  expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "dead_letter", http_status_code: 410 }]);
  expect(await read(tenant, webhook)).toMatchObject({ url: after.url, active: true, failure_count: 0 });
  await happen(tenant);
  await runQueue();
  expect(after.received.length).toBe(1);
});
