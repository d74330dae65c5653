/**
 * A steady mixed load for as many rounds as are wanted, while the process is killed, receivers fail, and the dependencies of
 * one of the two instances fail: no error that was not brought about, nothing acknowledged that is lost, chains that verify,
 * and memory that stays as it was. A round takes a second, and longer on a machine that is slow.
 *
 * `npm run soak` takes 600 rounds, the tests 30; SOAK_ROUNDS says otherwise.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type Aftermath,
  expectAcknowledgedState,
  expectAcknowledgedUse,
  expectChainsVerify,
  expectEventsOnce,
  expectNothingHalfDone,
  ledgersAtRest,
  unsettled,
} from "../interop/_crash-checks.ts";
import { createWorkload, randomFrom, type Workload } from "../interop/_crash-workload.ts";
import { type Admin, newOrganization, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { type Hooks, subscribe } from "./_hooks.ts";
import { newVisitor, type Visitor } from "./_visitor.ts";

const rounds = Number(process.env.SOAK_ROUNDS ?? (process.env.npm_lifecycle_event === "soak" ? 600 : 30));
const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = randomFrom(seed);

/** Before which rounds the process is killed. What comes after the last one shows whether memory is flat. */
const kills = (rounds >= 300 ? [0.1, 0.2, 0.3] : [0.15, 0.3]).map((part) => Math.round(part * rounds));
/** Requests a round: writes to the instance that is sound, to the other, and rounds of a visitor of some 16 requests. */
const rate = { sound: 12, faulty: 6, visits: 1 };
const cronEveryRounds = 15;

/** How much more memory there may be at the end than after the first third of the undisturbed time. A short run is all warming up. */
const growthMiB = rounds >= 300 ? 64 : 192;

/** How long after a change that was cut off the ledger still refuses its targets, and a little more. */
const longestHoldMs = 62_000;

let worker: WorkerProcess;
let operator: Admin;
let tenants: { readonly sound: Admin[]; readonly faulty: Admin[] };
let sound: Workload;
let faulty: Workload;
let visitor: Visitor;
let hooks: Hooks;

beforeAll(async () => {
  console.log(`${rounds} rounds; SOAK_SEED=${seed} repeats the choices of this run.`);
  worker = await newWorkerProcess({}, join(import.meta.dirname, "_faulty-worker.js"));
  await worker.start();
  operator = await setUp(worker.issuer);
  const newTenant = () => newOrganization(worker.issuer, operator);
  tenants = { sound: [await newTenant(), await newTenant()], faulty: [await newTenant(), await newTenant()] };
  sound = createWorkload(worker.instances[0], operator, tenants.sound, random);
  faulty = createWorkload(worker.instances[1], operator, tenants.faulty, random);
  visitor = await newVisitor(worker.issuer, await newTenant());
  hooks = await subscribe(worker, [...tenants.sound, ...tenants.faulty]);
});

afterAll(async () => {
  await hooks?.receiver.close();
  await worker?.stop();
});

let cut = false;
let injected = 0;
let samples: number[] = [];

/** The one error that a failing dependency may lead to. */
function isInjected(error: unknown): boolean {
  const isUnavailable = error instanceof Error && /: 503 .*"SERVICE_UNAVAILABLE"/.test(error.message);
  if (isUnavailable) injected++;
  return isUnavailable;
}

async function visit(): Promise<void> {
  try {
    for (let round = 0; round < rate.visits; round++) await visitor.visit();
  } catch (error) {
    if (!cut) throw error;
  }
}

/** The load of one round, which takes a second at least. */
async function oneRound(): Promise<void> {
  const endMs = Date.now() + 1000;
  const isCut = () => cut;
  await Promise.all([
    sound.run(rate.sound, () => undefined, isCut),
    faulty.run(rate.faulty, () => undefined, isCut, isInjected),
    visit(),
  ]);
  await sleep(Math.max(0, endMs - Date.now()));
}

function expectNoBug(): void {
  const bugs = worker
    .log()
    .split("\n")
    .filter((line) => line.includes("unhandled error"));
  expect(bugs).toStrictEqual([]);
}

/** Kills the process in the middle of a round, and starts it again. */
async function killAndRestart(): Promise<void> {
  expectNoBug();
  const load = oneRound();
  await sleep(100 + 400 * random());
  cut = true;
  await Promise.all([worker.kill(), load]);
  cut = false;
  samples = [];
  await worker.start();
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

it("holds under a steady load while things fail", { timeout: (rounds * 20 + 1200) * 1000 }, async () => {
  for (let round = 1; round <= rounds; round++) {
    if (kills.includes(round)) {
      await killAndRestart();
    }
    await oneRound();
    samples.push(await worker.memoryMiB());
    if (round % cronEveryRounds === 0) await worker.runCron();
  }
  const loadEndMs = Date.now();
  const [third, memory] = [Math.ceil(samples.length / 3), samples];
  const early = mean(memory.slice(third, 2 * third));
  const late = mean(memory.slice(-Math.ceil(third / 2)));
  const acknowledged = (workload: Workload) =>
    [...workload.acknowledged.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${acknowledged(sound)} writes acknowledged by the sound instance, ${acknowledged(faulty)} by the faulty one, ` +
      `which failed ${injected} times; ${visitor.answered()} other requests; ${hooks.receiver.received.length} webhooks; ` +
      `memory ${early.toFixed(0)} MiB early, ${late.toFixed(0)} MiB late, ${Math.max(...memory).toFixed(0)} MiB at most.`,
  );
  console.log(
    `Memory over time, in MiB: ${memory
      .filter((_, index) => index % 15 === 0)
      .map(Math.round)
      .join(" ")}`,
  );
  expect(injected).toBeGreaterThan(0);
  expect(late - early).toBeLessThan(growthMiB);

  await hooks.settle();
  expectNoBug();
  const ofSound: Aftermath = { worker, workload: sound, organizations: [operator, ...tenants.sound] };
  const ofFaulty: Aftermath = { worker, workload: faulty, organizations: [operator, ...tenants.faulty] };
  await ledgersAtRest(ofSound);
  const aftermaths = [ofSound, ofFaulty];
  for (const aftermath of aftermaths) await expectChainsVerify(aftermath);
  const unsettledOnes = async () => (await Promise.all(aftermaths.map(unsettled))).flat();
  if ((await unsettledOnes()).length > 0) await sleep(Math.max(0, loadEndMs + longestHoldMs - Date.now()));
  await expectNothingHalfDone({ worker });
  for (const aftermath of aftermaths) {
    await expectEventsOnce(aftermath);
    await expectAcknowledgedState(aftermath);
    await expectAcknowledgedUse(aftermath);
    await expectChainsVerify(aftermath);
  }
  const ended = await worker.query<{ id: string }>("SELECT id FROM delegations WHERE revoked_at IS NOT NULL");
  const endedIds = new Set(ended.map(({ id }) => id));
  expect(visitor.revoked.filter((id) => !endedIds.has(id))).toStrictEqual([]);
  expect(await hooks.lacking()).toStrictEqual([]);
  expect(await unsettledOnes()).toStrictEqual([]);
});
