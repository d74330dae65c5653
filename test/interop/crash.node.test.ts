/**
 * The Worker is killed in the middle of many writes and started again on the same data. Whatever it acknowledged is
 * there, each change has its audit event exactly once, and nothing is left half-done.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Admin, newOrganization, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import {
  type Aftermath,
  expectAcknowledgedState,
  expectAcknowledgedUse,
  expectChainsVerify,
  expectEventsOnce,
  expectNothingHalfDone,
  ledgersAtRest,
  unsettled,
} from "./_crash-checks.ts";
import { createWorkload, randomFrom, type Workload } from "./_crash-workload.ts";

const writes = 500;
const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = randomFrom(seed);

/** How long a subject stays refused whose taking back was cut off, and a little more. */
const longestHoldMs = 62_000;

let worker: WorkerProcess;
let organizations: Admin[];
let workload: Workload;
let killedAtMs = 0;

beforeAll(async () => {
  console.log(`CRASH_SEED=${seed} repeats the choices of this run.`);
  worker = await newWorkerProcess();
  await worker.start();
  const operator = await setUp(worker.issuer);
  const tenants = [await newOrganization(worker.issuer, operator), await newOrganization(worker.issuer, operator)];
  organizations = [operator, ...tenants];
  workload = createWorkload(worker.issuer, operator, tenants, random);
  await workload.run(
    60,
    () => undefined,
    () => false,
  );
});

afterAll(() => worker?.stop());

const aftermath = (): Aftermath => ({ worker, organizations, workload });

it.each([1, 2])("keeps every acknowledged write when it is killed in the middle of 500, round %i", async () => {
  const killAfter = Math.floor(writes * (0.2 + 0.6 * random()));
  let killed: Promise<void> | null = null;
  const killOnce = (count: number) => {
    if (count < killAfter || killed) return;
    killedAtMs = Date.now();
    killed = worker.kill();
  };
  await workload.run(writes, killOnce, () => killed !== null);
  expect(killed).not.toBe(null);
  await killed;
  const inDoubt = [...workload.doubtful.values()].reduce((sum, count) => sum + count, 0);
  console.log(`Killed after ${killAfter} acknowledged writes; ${inDoubt} were under way.`);
  await worker.start();
  await worker.runCron();
  await expectChainsVerify(aftermath());
  await ledgersAtRest(aftermath());
  await expectNothingHalfDone(aftermath());
  await expectEventsOnce(aftermath());
  await expectAcknowledgedState(aftermath());
  await expectAcknowledgedUse(aftermath());
  await expectChainsVerify(aftermath());
});

it("settles what was cut off half-way within the time of a hold", async () => {
  if ((await unsettled(aftermath())).length > 0) await sleep(killedAtMs + longestHoldMs - Date.now());
  expect(await unsettled(aftermath())).toStrictEqual([]);
  await expectNothingHalfDone(aftermath());
});
