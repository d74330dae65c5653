/** A log of a hundred thousand events: it verifies within a request, and one changed byte anywhere is found. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { checkpointsOf, cron, DB, hourMs, ledger, seedChain } from "./_chains.ts";
import { tamper, verify } from "./_log.ts";

const length = 100_000;
let organization: Organization;
let token: string;
let count: number;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  organization = await newOrganization();
  await seedChain(organization.organizationId, length);
  vi.setSystemTime(Date.now() + hourMs);
  token = await tokenFor(organization);
  count = (await ledger(organization.organizationId).flush()).sequence;
  await cron();
}, 120_000);

afterAll(() => {
  vi.useRealTimers();
});

it("verifies, and is signed", async () => {
  const began = performance.now();
  expect(await verify(token)).toMatchObject({ verified: true, checkedCount: count });
  const seconds = (performance.now() - began) / 1000;
  const rate = Math.round(count / seconds).toLocaleString("en-US");
  console.log(`${count} events verified in ${seconds.toFixed(1)} s, ${rate} a second, the local database included`);
  expect((await checkpointsOf(token)).map(({ sequence }) => sequence)).toStrictEqual([count]);
}, 60_000);

/** Somewhere in the log, at either end of a page, and at both ends of the log. */
const places = [
  1,
  2_000,
  2_001,
  1 + Math.floor(Math.random() * length),
  1 + Math.floor(Math.random() * length),
  length,
];
const columns = ["details", "actor", "hash", "previous_hash", "action", "details"];

it.each(places.map((sequence, index) => [sequence, columns[index] ?? "details"] as const))(
  "one changed byte is found: event %d, %s",
  async (sequence, column) => {
    const where = "WHERE organization_id = ? AND sequence = ?";
    const { organizationId } = organization;
    const before = await DB.prepare(`SELECT event_id, ${column} AS text FROM audit_events ${where}`)
      .bind(organizationId, sequence)
      .first<{ event_id: string; text: string }>();
    const { event_id, text } = before!;
    const at = Math.floor(Math.random() * text.length);
    const changed = `${text.slice(0, at)}${text[at] === "#" ? "%" : "#"}${text.slice(at + 1)}`;
    const write = (value: string) =>
      tamper(`UPDATE audit_events SET ${column} = ? ${where}`, value, organizationId, sequence);
    await write(changed);
    const verdict = await verify(token);
    await write(text);
    expect(verdict, `${column} with byte ${at} changed`).toMatchObject({
      verified: false,
      checkedCount: sequence,
      brokenAtEventId: event_id,
    });
  },
  60_000,
);
