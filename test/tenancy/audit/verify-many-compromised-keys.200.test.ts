/** However many keys have been compromised in the life of the service, more than D1 takes parameters: the log goes on. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { expect, it } from "vitest";
import { call, newOrganization } from "../../support/api.ts";
import { appendEvents, checkpointsOf, cron, DB, ledger } from "./_chains.ts";

async function newRecord() {
  const jwk = await exportJWK((await generateKeyPair("ES256", { extractable: true })).publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, jwk: { ...jwk, kid, alg: "ES256", use: "sig" } };
}

/** Records of keys that were stolen, and dropped, long ago. */
async function rememberStolenKeys(count: number): Promise<void> {
  const { results } = await DB.prepare("SELECT * FROM signing_keys LIMIT 1").all();
  const columns = Object.keys(results[0] ?? {});
  const own: Record<string, string> = {
    id: "value ->> 'kid'",
    alg: "'ES256'",
    state: "'retired'",
    public_jwk: "value -> 'jwk'",
    private_sealed: "NULL",
    compromised_at: "1",
  };
  const records = await Promise.all(Array.from({ length: count }, newRecord));
  await DB.prepare(
    `INSERT INTO signing_keys (${columns}) SELECT ${columns.map((column) => own[column] ?? `template.${column}`)}
       FROM json_each(?), (SELECT * FROM signing_keys LIMIT 1) AS template`,
  )
    .bind(JSON.stringify(records))
    .run();
}

it("is verified, and gets its checkpoints", async () => {
  const { organizationId, token } = await newOrganization();
  await rememberStolenKeys(120);
  await appendEvents(organizationId, 10_000);
  await ledger(organizationId).flush();
  await cron();
  expect(await checkpointsOf(token)).toHaveLength(1);
  const { status, body } = await call("/api/v1/audit/verify", { token });
  expect([status, body.verified]).toEqual([200, true]);
});
