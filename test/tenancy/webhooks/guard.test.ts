/** Addresses that must not be called: refused when a webhook is saved, and again at each send. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { settingsOf } from "../../../src/platform/env.ts";
import { withTimeLimits } from "../../../src/platform/time-limits.ts";
import { call } from "../../support/api.ts";
import {
  bindings,
  deliveriesOf,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  patch,
  read,
  runQueue,
  sharedTenant,
  subscribe,
  takeOver,
  webhooksPath,
} from "./_support.ts";

/** The attack list of the guard; `test/platform/outbound/guard.test.ts` has more of it. Loopback itself is for developers. */
const attacks: readonly [what: string, url: string, rule: string][] = [
  ["http", "http://hooks.example.com/", "must be https"],
  ["another protocol", "ftp://hooks.example.com/", "must be an absolute https URL"],
  ["a private address", "https://10.0.0.1/", "must name a host, not an IP address"],
  ["another", "https://192.168.1.1/hook", "must name a host, not an IP address"],
  ["the metadata service", "https://169.254.169.254/latest/meta-data/", "must name a host, not an IP address"],
  ["the same in decimal", "https://2852039166/", "must name a host, not an IP address"],
  ["the same in hexadecimal", "https://0xa9fea9fe/", "must name a host, not an IP address"],
  ["the same in octal", "https://0251.0376.0251.0376/", "must name a host, not an IP address"],
  ["the same in IPv6", "https://[::ffff:169.254.169.254]/", "must name a host, not an IP address"],
  ["a short form", "https://10.1/", "must name a host, not an IP address"],
  ["full-width digits", "https://１０.０.０.１/", "must name a host, not an IP address"],
  ["percent-encoded digits", "https://10%2e0%2e0%2e1/", "must name a host, not an IP address"],
  ["a public address", "https://8.8.8.8/", "must name a host, not an IP address"],
  ["unspecified", "https://0.0.0.0/", "must name a host, not an IP address"],
  ["link-local IPv6", "https://[fe80::1]/", "must name a host, not an IP address"],
  ["localhost with a dot", "https://localhost./", "must name a host without a trailing dot"],
  ["a name under localhost", "https://a.localhost/", "must not name a host of an internal network"],
  ["an internal name", "https://vault.internal/", "must not name a host of an internal network"],
  ["a metadata name", "https://metadata.google.internal/", "must not name a host of an internal network"],
  ["a cluster's name", "https://api.default.svc.cluster.local/", "must not name a host of an internal network"],
  ["a bare name", "https://vault/", "must name a host with a domain, such as idp.example.com"],
  ["credentials", "https://user:secret@hooks.example.com/", "must not hold credentials"],
  ["a host behind credentials", "https://hooks.example.com@10.0.0.1/", "must not hold credentials"],
  ["an odd port", "https://hooks.example.com:22/", "must use port 443 or 8443"],
  ["a fragment", "https://hooks.example.com/#a", "must not have a fragment"],
  ["a backslash", "https://hooks.example.com\\@10.0.0.1/", "must be an absolute https URL"],
  ["a line break", "https://hooks.example.com/\r\nX: 1", "must be an absolute https URL"],
  ["no end", `https://hooks.example.com/${"a".repeat(2048)}`, "must have at most 2048 characters"],
];

beforeEach(takeOver);
afterEach(giveBack);

describe("at save", () => {
  const shared = sharedTenant();

  it.each(attacks)("%s: %j", async (_, url, rule) => {
    const { tenant, webhook } = await shared();
    const json = { name: "A receiver", url, events: ["agent.created"] };
    const created = await call(webhooksPath, { token: await tenant.token(), json });
    expect([created.status, created.body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(created.body.details.issues).toEqual([{ path: "url", message: rule, received: url.slice(0, 200) }]);
    const changed = await patch(tenant, webhook, { url });
    expect([changed.status, changed.body.details.issues]).toEqual([400, created.body.details.issues]);
    expect((await read(tenant, webhook)).url).toBe(webhook.url);
    expect(vi.mocked(fetch)).not.toHaveBeenCalled();
  });
});

describe("at send", () => {
  const shared = sharedTenant();

  it.each(attacks)("%s, if it had been saved all the same", async (_, url, rule) => {
    const { tenant, webhook } = await shared();
    const before = await deliveriesOf(tenant, webhook);
    await bindings.DB.prepare("UPDATE webhook_subscriptions SET url = ? WHERE id = ?").bind(url, webhook.id).run();
    await happen(tenant);
    await runQueue();
    expect(vi.mocked(fetch)).not.toHaveBeenCalled();
    expect((await deliveriesOf(tenant, webhook)).slice(before.length)).toMatchObject([
      { status: "failed", attempt_count: 1, http_status_code: null, response_body: null, error: rule },
    ]);
  });

  it.each([301, 302, 303, 307, 308])("a redirect inward by %i is not followed", async (status) => {
    const tenant = await newTenant();
    const receiver = newReceiver(
      () => new Response(null, { status, headers: { Location: "http://169.254.169.254/latest/meta-data/" } }),
    );
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    expect(vi.mocked(fetch).mock.calls.map(([url]) => String(url))).toEqual([receiver.url]);
    expect(vi.mocked(fetch).mock.calls[0]?.[1]?.redirect).toBe("manual");
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "failed", http_status_code: status }]);
  });

  it("nothing of ours goes along but the signed headers: no cookie, no credential", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    expect(Object.keys(receiver.received[0]!.headers).toSorted()).toEqual([
      "content-type",
      "user-agent",
      "webhook-id",
      "webhook-signature",
      "webhook-timestamp",
      "x-sentryagent-event",
      "x-sentryagent-signature",
    ]);
  });
});

describe("a host that resolves inward", () => {
  const resolver = "https://resolver.example.com/dns-query";

  /** The settings that the Worker's doors have parsed. */
  const settings = () => settingsOf(withTimeLimits(bindings)) as { dnsResolver: string | null };

  /** A resolver that gives every host this address, in place of none. */
  function resolveTo(address: () => string): void {
    settings().dnsResolver = resolver;
    const receivers = vi.mocked(fetch).getMockImplementation()!;
    vi.mocked(fetch).mockImplementation(async (input, init) => {
      const url = new URL(String(input));
      if (!url.href.startsWith(resolver)) return receivers(input, init);
      const isA = url.searchParams.get("type") === "A";
      return Response.json({ Status: 0, Answer: isA ? [{ type: 1, data: address() }] : [] });
    });
  }

  afterEach(() => {
    settings().dnsResolver = null;
  });

  it.each(["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "192.0.2.1"])("%s at save", async (address) => {
    resolveTo(() => address);
    const tenant = await newTenant();
    const json = { name: "A receiver", url: "https://inward.example.com/", events: ["agent.created"] };
    const { status, body } = await call(webhooksPath, { token: await tenant.token(), json });
    expect([status, body.details.issues[0].path, body.details.issues[0].message]).toEqual([
      400,
      "url",
      "must not name a host that resolves to an internal network",
    ]);
  });

  it("at send, when the name has changed since it was saved", async () => {
    let address = "93.184.216.34";
    resolveTo(() => address);
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    expect(receiver.received.length).toBe(1);
    address = "127.0.0.1";
    await happen(tenant);
    await runQueue();
    expect(receiver.received.length).toBe(1);
    const deliveries = await deliveriesOf(tenant, webhook);
    expect(deliveries.map(({ status, error }) => [status, error]).toSorted()).toEqual([
      ["delivered", null],
      ["failed", "the host resolves to an internal network"],
    ]);
  });
});
