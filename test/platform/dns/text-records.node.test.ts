import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookUpMailExchangers, lookUpText } from "../../../src/platform/dns/text-records.ts";
import { json, type StandIn, startStandIn } from "../outbound/_stand-in.ts";

let resolver: StandIn;
const answers: Record<string, unknown> = {};

beforeAll(async () => {
  resolver = await startStandIn((request, response) => {
    const query = new URL(request.url ?? "", "http://resolver").searchParams;
    const answer = answers[`${query.get("name")} ${query.get("type")}`];
    if (answer === "redirect") {
      response.writeHead(302, { Location: "/elsewhere" }).end();
      return;
    }
    json(answer ?? { Status: 3 })(request, response);
  });
});
afterAll(() => resolver.close());

const settings = () => ({ dnsResolver: `${resolver.origin}/dns-query`, dnsStaticRecords: null });
const name = "_agentidp-challenge.acme.example";
const txt = (data: string, owner = name) => ({ name: owner, type: 16, data });
const answered = (...Answer: unknown[]) => ({ Status: 0, Answer });

async function textWith(answer: unknown) {
  answers[`${name} TXT`] = answer;
  return lookUpText(settings(), name);
}

describe("TXT records", () => {
  it("are unquoted, and the strings of one record are joined (RFC 7208 3.3)", async () => {
    expect(
      await textWith(answered(txt('"agentidp-verify=abc" "def"'), txt("bare"), txt('"a \\"b\\" \\065\\\\"'))),
    ).toEqual({
      kind: "records",
      values: ["agentidp-verify=abcdef", "bare", 'a "b" A\\'],
    });
  });

  it("count only where the asked name owns them, whatever its case", async () => {
    expect(
      await textWith(answered(txt('"mine"', "_AgentIdP-Challenge.Acme.Example."), txt('"not mine"', "acme.example"))),
    ).toEqual({
      kind: "records",
      values: ["mine"],
    });
  });

  it.each([
    ["CNAME", { name, type: 5, data: "Hoster.example.net." }],
    ["DNAME", { name: "acme.example", type: 39, data: "hoster.example.net." }],
  ])("behind an alias (%s) are not followed", async (_, alias) => {
    expect(await textWith(answered(alias, txt('"agentidp-verify=abc"', "hoster.example.net")))).toEqual({
      kind: "alias",
      alias: "hoster.example.net",
    });
  });

  it("are none where the name does not exist, and where it has others", async () => {
    expect(await textWith({ Status: 3 })).toEqual({ kind: "records", values: [] });
    expect(await textWith({ Status: 0 })).toEqual({ kind: "records", values: [] });
  });

  it.each([
    ["SERVFAIL", { Status: 2 }],
    ["REFUSED", { Status: 5 }],
    ["no DNS answer", ["hello"]],
    ["a redirect", "redirect"],
    ["more than 64 KiB", answered(txt(`"${"a".repeat(70_000)}"`))],
  ])("are unknown after %s", async (_, answer) => {
    expect(await textWith(answer)).toEqual({ kind: "unknown" });
  });

  it("are unknown without a resolver, and those of the setting where it stands in", async () => {
    expect(await lookUpText({ dnsResolver: null, dnsStaticRecords: null }, name)).toEqual({ kind: "unknown" });
    const stood = { dnsResolver: null, dnsStaticRecords: { [name]: ["one", "two"] } };
    expect(await lookUpText(stood, name.toUpperCase())).toEqual({ kind: "records", values: ["one", "two"] });
    expect(await lookUpText(stood, "other.example")).toEqual({ kind: "records", values: [] });
  });
});

describe("MX records", () => {
  it("come by preference; what is none is left out", async () => {
    const mx = (data: string) => ({ name: "acme.example", type: 15, data });
    answers["acme.example MX"] = answered(mx("20 b.acme.example."), mx("10 A.acme.example."), mx("odd"), txt('"x"'));
    expect(await lookUpMailExchangers(settings(), "acme.example")).toEqual([
      { preference: 10, host: "a.acme.example" },
      { preference: 20, host: "b.acme.example" },
    ]);
    expect(await lookUpMailExchangers(settings(), "none.example")).toEqual([]);
    answers["broken.example MX"] = { Status: 2 };
    expect(await lookUpMailExchangers(settings(), "broken.example")).toBe(null);
  });
});
