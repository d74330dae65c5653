import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { outboundFetch } from "../../../src/platform/outbound/fetch.ts";
import { checkOutboundTarget, isPublicAddress, resolvesInternally } from "../../../src/platform/outbound/resolve.ts";
import { json, type StandIn, startStandIn } from "./_stand-in.ts";

describe("addresses of the public Internet", () => {
  it.each(["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1"])(
    "%s is one",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "4000::1",
    "not an address",
    "",
  ])("%j is none", (address) => expect(isPublicAddress(address)).toBe(false));
});

describe("a look-up over HTTPS", () => {
  let resolver: StandIn;
  const records: Record<string, unknown> = {};

  beforeAll(async () => {
    resolver = await startStandIn((request, response) => {
      const query = new URL(request.url ?? "", "http://resolver").searchParams;
      const answer = records[`${query.get("name")} ${query.get("type")}`];
      if (answer === "hang") return;
      json(answer ?? { Status: 3 })(request, response);
    });
  });
  afterAll(() => resolver.close());
  beforeEach(() => {
    for (const name of Object.keys(records)) delete records[name];
  });

  const settings = () => ({ environment: "production", dnsResolver: `${resolver.origin}/dns-query` }) as const;
  const a = (...addresses: string[]) => ({ Status: 0, Answer: addresses.map((data) => ({ type: 1, data })) });
  const aaaa = (...addresses: string[]) => ({ Status: 0, Answer: addresses.map((data) => ({ type: 28, data })) });
  const resolve = (host: string) => resolvesInternally(settings(), host);

  it("public addresses do not lead inward", async () => {
    records["idp.example.com A"] = a("93.184.215.14");
    records["idp.example.com AAAA"] = aaaa("2606:2800::1");
    expect(await resolve("idp.example.com")).toBe(false);
  });

  it("one inward address among public ones does", async () => {
    records["idp.example.com A"] = a("93.184.215.14", "10.0.0.1");
    expect(await resolve("idp.example.com")).toBe(true);
  });

  it("an inward IPv6 address does, even when nothing is known of IPv4", async () => {
    records["idp.example.com A"] = { Status: 2 };
    records["idp.example.com AAAA"] = aaaa("::1");
    expect(await resolve("idp.example.com")).toBe(true);
  });

  it("names on the way (CNAME) are not addresses", async () => {
    records["idp.example.com A"] = {
      Status: 0,
      Answer: [
        { type: 5, data: "edge.example.net." },
        { type: 1, data: "93.184.215.14" },
      ],
    };
    expect(await resolve("idp.example.com")).toBe(false);
  });

  it("a name that does not exist leads nowhere", async () => {
    expect(await resolve("nobody.example.com")).toBe(false);
  });

  it.each<[string, unknown]>([
    ["a failure (SERVFAIL)", { Status: 2 }],
    ["something that is no DNS answer", { hello: "world" }],
  ])("%s says nothing", async (_, answer) => {
    records["idp.example.com A"] = answer;
    expect(await resolve("idp.example.com")).toBe(null);
  });

  it("when off, nobody is asked", async () => {
    const before = resolver.requests.length;
    expect(await resolvesInternally({ dnsResolver: null }, "idp.example.com")).toBe(false);
    expect(resolver.requests.length).toBe(before);
  });

  it("a name that leads inward is refused when saved and when called", async () => {
    records["rebind.example.com A"] = a("127.0.0.1");
    const context = { settings: settings() };
    const url = "https://rebind.example.com/";
    expect(await checkOutboundTarget(context, url)).toMatchObject({
      ok: false,
      code: "VALIDATION_ERROR",
      message: "must not name a host that resolves to an internal network",
    });
    expect(await outboundFetch(context, url, { timeoutMs: 1000, maxBytes: 10 })).toEqual({
      ok: false,
      reason: "refused_url",
      detail: "the host resolves to an internal network",
    });
  });

  it("without an answer a URL may be saved, and is not called", async () => {
    records["idp.example.com A"] = { Status: 2 };
    const context = { settings: settings() };
    const url = "https://idp.example.com/";
    expect(await checkOutboundTarget(context, url)).toMatchObject({ ok: true });
    expect(await outboundFetch(context, url, { timeoutMs: 1000, maxBytes: 10 })).toEqual({
      ok: false,
      reason: "network",
      detail: "the host could not be looked up",
    });
  });

  it("a resolver that hangs counts against the time of the call", async () => {
    records["idp.example.com A"] = "hang";
    const context = { settings: settings() };
    expect(await outboundFetch(context, "https://idp.example.com/", { timeoutMs: 100, maxBytes: 10 })).toEqual({
      ok: false,
      reason: "timeout",
      detail: "no complete answer within 100 ms",
    });
  });
});
