/** Rotations a day, and the active credentials by the age of their secrets. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  adminToken,
  type Body,
  call,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";
import { eventsOf } from "../audit/_log.ts";
import { analytics, byDay } from "./_recount.ts";

let organization: Organization;
const at = (time: string) => vi.setSystemTime(new Date(time));

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2027-09-01T12:00:00.000Z") });
  organization = await newOrganization();
});
afterEach(() => vi.useRealTimers());

async function rotate(token: string, { agentId, credentialId }: Body) {
  const path = `/api/v1/agents/${agentId}/credentials/${credentialId}/rotate`;
  const answer = await call(path, { method: "POST", token, json: {} });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.clientSecret;
}

const read = async (query = "") => analytics(await tokenFor(organization), `credentials/rotations${query}`);
const ages = async () => (await read()).credentialsByAge.map(({ count }: Body) => count);

describe("rotations", () => {
  it("are counted on their days, the moment they are answered, days without any included", async () => {
    const agent = await newClient(organization.token);
    await rotate(organization.token, agent);
    await rotate(organization.token, agent);
    expect((await read("?days=1")).data).toEqual([{ date: "2027-09-01", count: 2 }]);

    at("2027-09-03T23:59:59.999Z");
    await rotate(await adminToken(organization), agent);
    at("2027-09-04T00:00:00.000Z");
    const token = await adminToken(organization);
    await rotate(token, agent);
    const answer = await read("?days=4");
    expect(answer).toMatchObject({ tenantId: organization.organizationId, days: 4 });
    expect(answer.data).toEqual([
      { date: "2027-09-01", count: 2 },
      { date: "2027-09-02", count: 0 },
      { date: "2027-09-03", count: 1 },
      { date: "2027-09-04", count: 1 },
    ]);
    const rotated = await eventsOf(token, { action: "credential.rotated" });
    expect((await read("?days=90")).data).toEqual(byDay(rotated, 90));
    expect((await read("?days=3")).data[0]).toEqual({ date: "2027-09-02", count: 0 });
  });

  it("that were refused, and new or revoked credentials, are none", async () => {
    const agent = await newClient(organization.token);
    const path = `/api/v1/agents/${agent.agentId}/credentials/${agent.credentialId}`;
    await call(path, { method: "DELETE", token: organization.token });
    expect((await call(`${path}/rotate`, { token: organization.token, json: {} })).status).toBe(409);
    const other = await newOrganization();
    await rotate(other.token, await newClient(other.token));
    expect((await read("?days=1")).data).toEqual([{ date: "2027-09-01", count: 0 }]);
  });
});

describe("credentials by age", () => {
  it("are in one of four spans, whose ends are whole days", async () => {
    const { credentialsByAge } = await read();
    expect(credentialsByAge).toEqual([
      { minDays: 0, maxDays: 30, count: 1 },
      { minDays: 31, maxDays: 60, count: 0 },
      { minDays: 61, maxDays: 90, count: 0 },
      { minDays: 91, maxDays: null, count: 0 },
    ]);
    const seen: number[][] = [];
    for (const time of [
      "2027-10-02T11:59:59.999Z",
      "2027-10-02T12:00:00.000Z",
      "2027-11-01T11:59:59.999Z",
      "2027-11-01T12:00:00.000Z",
      "2027-12-01T11:59:59.999Z",
      "2027-12-01T12:00:00.000Z",
    ]) {
      at(time);
      seen.push(await ages());
    }
    expect(seen).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]);
  });

  it("are young again after a rotation", async () => {
    at("2027-11-20T12:00:00.000Z");
    expect(await ages()).toEqual([0, 0, 1, 0]);
    const clientSecret = await rotate(await adminToken(organization), organization);
    organization = { ...organization, clientSecret };
    expect(await ages()).toEqual([1, 0, 0, 0]);
  });

  it("do not count when they are revoked, expired, or another organization's", async () => {
    const { agentId } = await newClient(organization.token);
    const revoked = await newCredential(organization.token, agentId);
    await newCredential(organization.token, agentId, { expiresAt: "2027-09-01T12:30:00.000Z" });
    await newClient((await newOrganization()).token);
    expect(await ages()).toEqual([4, 0, 0, 0]);
    const path = `/api/v1/agents/${agentId}/credentials/${revoked.credentialId}`;
    expect((await call(path, { method: "DELETE", token: organization.token })).status).toBe(204);
    expect(await ages()).toEqual([3, 0, 0, 0]);
    at("2027-09-01T12:30:00.000Z");
    expect(await ages()).toEqual([2, 0, 0, 0]);
  });
});
