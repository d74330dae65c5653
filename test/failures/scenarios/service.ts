/** The write routes of the service as a whole: the set-up and the signing keys. */
import { createScheduledController } from "cloudflare:test";
import { expect } from "vitest";
import worker from "../../../src/worker.ts";
import { adminToken, call, setupToken, theOperator, tokenFor } from "../../support/api.ts";
import type { Scenario, Scenarios } from "../support/attack.ts";
import { bindings } from "../support/faults.ts";
import { execution } from "../support/send.ts";
import { snapshotOf } from "../support/snapshot.ts";

async function rows<Row>(sql: string): Promise<Row[]> {
  return (await bindings.DB.prepare(sql).all<Row>()).results;
}

/** The service as it was before its set-up. */
async function forgetAll(): Promise<void> {
  const tables = await rows<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name <> 'd1_migrations'",
  );
  await bindings.DB.batch(tables.map(({ name }) => bindings.DB.prepare(`DELETE FROM ${name}`)));
}

const keysByState = () =>
  rows<{ told: string }>(
    "SELECT alg || ' ' || state || ' ' || count(*) AS told FROM signing_keys GROUP BY alg, state ORDER BY alg, state",
  );

/** All organizations and the signing keys, once the scheduled run has handed on whatever waits. */
async function wholeState(names: readonly (readonly [id: string, name: string])[] = []): Promise<readonly string[]> {
  await worker.scheduled(createScheduledController(), bindings, execution);
  const organizations = await rows<{ id: string }>("SELECT id FROM organizations");
  const states = organizations.map(async ({ id }) => {
    const ledger = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(id));
    await (ledger as unknown as { flush(): Promise<void> }).flush();
    return snapshotOf(id, new Map([[id, "organization"], ...names]));
  });
  return [...(await Promise.all(states)).flat(), ...(await keysByState()).map(({ told }) => told)];
}

const setupPath = "/api/v1/setup";
const newSetup = {
  token: setupToken,
  json: { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" },
};

const setUp: Pick<Scenario, "world"> = {
  async world() {
    await forgetAll();
    return { path: setupPath, call: newSetup, state: () => wholeState() };
  },
};

const recovery: Pick<Scenario, "world"> = {
  async world() {
    await forgetAll();
    const { status, text, body } = await call(setupPath, newSetup);
    expect(status, text).toBe(201);
    const { agentId, credentialId } = body.admin;
    return {
      path: setupPath,
      call: { token: setupToken, json: { recoverAgentId: agentId } },
      state: () =>
        wholeState([
          [agentId, "admin"],
          [credentialId, "credential"],
        ]),
    };
  },
};

/** The keys change for everybody; what is the same each time is that one is current, one is next, and all of it is recorded. */
const rotation = (compromised: boolean): Pick<Scenario, "world"> => ({
  async world() {
    const operator = await theOperator();
    const token = await adminToken(operator);
    return {
      path: "/api/v1/keys/rotate",
      call: { token, json: { compromised } },
      async state() {
        await worker.scheduled(createScheduledController(), bindings, execution);
        const own = await adminToken(operator);
        const log = await call("/api/v1/audit?limit=100&action=signing_key.rotated", { token: own });
        const verification = await call("/api/v1/audit/verify?fromDate=2020-01-01T00:00:00.000Z", { token: own });
        if (verification.status !== 429) expect(verification.body).toMatchObject({ verified: true });
        expect(await call("/agent-info", { token: await tokenFor(operator) })).toMatchObject({ status: 200 });
        // Each rotation that the log tells of has made one key previous, or compromised, and the other way round.
        const targets = log.body.data.map(({ target }: { target: string }) => target);
        expect(new Set(targets).size).toBe(targets.length);
        const keys = await rows<{ told: string }>(
          "SELECT alg || ' ' || state AS told FROM signing_keys WHERE state IN ('current', 'next') ORDER BY 1",
        );
        const unfinished = await rows(
          "SELECT id FROM signing_keys WHERE compromised_at IS NOT NULL AND state <> 'retired'",
        );
        expect(unfinished).toStrictEqual([]);
        return [
          ...keys.map(({ told }) => told),
          ...(await rows<{ id: string }>("SELECT id FROM outbox")).map(({ id }) => id),
        ];
      },
    };
  },
});

export const setUpScenarios: Scenarios = { setUp, "setUp: recovery": recovery };

export const keyScenarios: Scenarios = {
  rotateSigningKeys: rotation(false),
  "rotateSigningKeys: compromised": rotation(true),
};
