/**
 * The hashes of two events, computed by another tool. Whatever else of this project checks a chain, it computes the hashes
 * with the code that made them.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Ledger } from "../../src/ledger/contract.ts";

const { DB, ORG_LEDGER } = env as unknown as { DB: D1Database; ORG_LEDGER: DurableObjectNamespace };

const organizationId = "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f";
const agentId = "0199f0c2-5a31-7aa1-8b02-0c1d2e3f4a5b";

/** Members stand in no order, so that sorting them matters; one text has an escape and letters beyond ASCII. */
const events = [
  {
    id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
    organizationId,
    agentId: null,
    action: "token.introspected",
    outcome: "success",
    actor: { agentId: null, ip: "203.0.113.7", userAgent: "curl/8.9.1" },
    target: null,
    details: { active: false },
    occurredAtMs: 1_769_851_800_000,
  },
  {
    id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11",
    organizationId,
    agentId,
    action: "agent.updated",
    outcome: "failure",
    actor: {
      userAgent: 'Prüfer "1"\n',
      ip: "2001:db8::1",
      credentialId: "0199f0c2-5a31-7bb2-8b02-0c1d2e3f4a5c",
      agentId,
    },
    target: agentId,
    details: { owner: "Zoë €", changed: ["owner", "a/b"], ttl: { seconds: 3600, before: 0.5 } },
    occurredAtMs: 1_769_851_800_126,
  },
];

/**
 * Made in Python 3 from the events as the wire has them, typed in by hand: `eventId` for `id`, `timestamp`
 * ("2026-01-31T09:30:00.000Z", "2026-01-31T09:30:00.126Z") for `occurredAtMs`, `sequence` 1 and 2, `previousHash` 64 zeros
 * and the first of these hashes. For texts and numbers like these, this is the form of RFC 8785:
 *
 *   hashlib.sha256(json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
 */
const hashes = [
  "b9137ee2267157e91c1aa890e1c7dfe482114ac92047e8cd3eb9d111132675d9",
  "68b4ec9feb858a487696b0e22c5cb36ebb90adcf0cf3e2a3ba5ecc6ce1c89780",
];

it("the ledger gives events the hashes that another tool gives them", async () => {
  const ledger = ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId)) as unknown as Ledger;
  await ledger.record(events as never);
  const { sequence, hash } = await ledger.flush();
  expect({ sequence, hash }).toStrictEqual({ sequence: 2, hash: hashes[1] });
  const { results } = await DB.prepare(
    "SELECT sequence, previous_hash, hash FROM audit_events WHERE organization_id = ? ORDER BY sequence",
  )
    .bind(organizationId)
    .all();
  expect(results).toStrictEqual([
    { sequence: 1, previous_hash: "0".repeat(64), hash: hashes[0] },
    { sequence: 2, previous_hash: hashes[0], hash: hashes[1] },
  ]);
});
