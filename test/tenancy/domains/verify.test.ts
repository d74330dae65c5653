/**
 * Attack: a domain's challenge through a CNAME or a wildcard, for a public suffix, of another organization or a removed row; a
 * former owner's record that reappears: not verified, one holder. Who holds a name: `holder.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { call } from "../../support/api.ts";
import { newHolder, newName, proved, standInResolver } from "./_support.ts";

const zone = standInResolver();

describe("POST /organizations/{orgId}/domains/{domain}/verify", () => {
  it("200: the record is there, whole, alone or among ten others, in one string or several", async () => {
    const holder = await newHolder();
    const name = newName();
    const { answer } = await proved(zone, holder, name);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ status: "verified", verifiedAt: answer.body.lastCheckedAt });

    const { challenge } = (await holder.add(`split.${name}`)).body;
    const others = Array.from({ length: 10 }, (_, n) => `v=spf${n}`);
    zone.publish(challenge.name, ...others, `"${challenge.value.slice(0, 20)}" "${challenge.value.slice(20)}"`);
    expect((await holder.verify(`split.${name}`)).status).toBe(200);
    const log = await call("/api/v1/audit?action=domain.verified", { token: holder.organization.token });
    expect(log.body.data.map((event: { details: unknown }) => event.details)).toEqual([
      { domain: `split.${name}` },
      { domain: name },
    ]);
  });

  it("409: another value, a part of it, more than it, none, none of the name's own", async () => {
    const holder = await newHolder();
    const name = newName();
    const { challenge } = (await holder.add(name)).body;
    const refused = async () => {
      const answer = await holder.verify(name);
      expect([answer.status, answer.body.code]).toEqual([409, "DOMAIN_NOT_VERIFIED"]);
      expect(answer.body.details.expected).toBe(challenge.value);
      return answer.body.details.found;
    };
    expect(await refused()).toEqual([]);
    zone.publish(challenge.name, "agentidp-verify=another", "x".repeat(300));
    expect(await refused()).toEqual(["agentidp-verify=another", "x".repeat(100)]);
    zone.publish(challenge.name, challenge.value.slice(0, -1), `${challenge.value}x`);
    await refused();
    zone.answers.set(challenge.name, {
      Status: 0,
      Answer: [{ name, type: 16, data: `"${challenge.value}"` }],
    });
    expect(await refused()).toEqual([]);
    expect((await holder.read(name)).body.status).toBe("pending");
  });

  it.each([
    ["CNAME", 5],
    ["DNAME", 39],
  ])("409: through an alias (%s), a wildcard's too, which is named and not followed", async (_, type) => {
    const holder = await newHolder();
    const name = newName();
    const { challenge } = (await holder.add(name)).body;
    zone.answers.set(challenge.name, {
      Status: 0,
      Answer: [
        { name: challenge.name, type, data: "hoster.example.net." },
        { name: "hoster.example.net", type: 16, data: `"${challenge.value}"` },
      ],
    });
    const answer = await holder.verify(name);
    expect([answer.status, answer.body.code, answer.body.details.alias]).toEqual([
      409,
      "DOMAIN_NOT_VERIFIED",
      "hoster.example.net",
    ]);
    expect(zone.asked).toEqual([challenge.name]);
  });

  it.each([
    ["SERVFAIL", { Status: 2 }],
    ["a refused connection", "down"],
    ["more than 64 KiB", { Status: 0, Answer: [{ name: "x", type: 16, data: "y".repeat(70_000) }] }],
  ])("503: the resolver says %s", async (_, said) => {
    const holder = await newHolder();
    const name = newName();
    const { challenge } = (await holder.add(name)).body;
    zone.answers.set(challenge.name, said);
    const answer = await holder.verify(name);
    expect([answer.status, answer.body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(answer.headers.get("Retry-After")).not.toBe(null);
  });

  it("429: the eleventh in a minute", async () => {
    const holder = await newHolder();
    const name = newName();
    await holder.add(name);
    const statuses = [];
    for (let n = 0; n < 11; n++) statuses.push((await holder.verify(name)).status);
    expect(statuses).toEqual([...Array(10).fill(409), 429]);
  });
});
