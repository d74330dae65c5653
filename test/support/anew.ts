/**
 * The start of each test file in workerd: empty stores with the tables in them, and no module of this project that an earlier file
 * has loaded.
 * The files of a worker share one process, one after the other, because starting a process costs more than most files do.
 */
import { applyD1Migrations, type D1Migration, listDurableObjectIds, reset, runInDurableObject } from "cloudflare:test";
import { waitForGlobalWaitUntil } from "cloudflare:test-internal";
import { env } from "cloudflare:workers";
import { afterAll, vi } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { serveRsaKeys } from "./new-rsa-keys.ts";

interface OfTests {
  readonly MIGRATIONS: D1Migration[];
  readonly RSA_KEYS: JsonWebKey[];
}

const { DB, CACHE, METRICS, MIGRATIONS, RSA_KEYS } = env as unknown as Bindings & OfTests;

/** In milliseconds. The Worker defers no work for longer; what has not ended by then never does. */
const longestDeferredMs = 3_000;

/**
 * Brings into memory what has a name that the next file uses again. `reset()` does nothing to an object that has been idle for
 * ten seconds and so is not in memory, and D1 and KV are made of objects here. A ledger has the id of its organization, which
 * no later file uses.
 */
async function wakeStores(): Promise<void> {
  await Promise.all([DB.prepare("SELECT 1").run(), CACHE.get("any")]);
  const used = await listDurableObjectIds(METRICS as DurableObjectNamespace<undefined>);
  for (const id of used) await runInDurableObject(METRICS.get(id) as DurableObjectStub<undefined>, () => undefined);
}

interface EvaluatedModule {
  readonly id: string;
  readonly meta: unknown;
  promise: unknown;
  exports: unknown;
  evaluated: boolean;
}

/** Bundled packages of `src` (`optimizer` in vitest.config.ts). The module of `uuid` has state: the latest time that it saw. */
const isStatelessPackage = ({ id }: EvaluatedModule) => id.includes("/deps_ssr/") && !id.includes("/uuid.js");

/**
 * Evaluates the modules of this project anew, but not the packages: that takes longer than most files do. Vitest has no
 * function for a part of the modules, so the packages are put back.
 */
function resetModules(): void {
  const { evaluatedModules } = Reflect.get(globalThis, "__vitest_worker__") as {
    evaluatedModules: { idToModuleMap: ReadonlyMap<string, EvaluatedModule> };
  };
  const packages = [...evaluatedModules.idToModuleMap.values()].filter(isStatelessPackage);
  const before = packages.map(({ promise, exports, evaluated }) => ({ promise, exports, evaluated }));
  vi.resetModules();
  for (const [index, module] of packages.entries()) Object.assign(module, before[index]);
}

interface ModuleRunner {
  getModuleInformation(url: string, importer: string | undefined, known: EvaluatedModule | undefined): Promise<unknown>;
}

const { moduleRunner } = Reflect.get(globalThis, "__vitest_mocker__") as { moduleRunner: ModuleRunner };

/**
 * Lets the module runner use what it knows of a module without a request to its own object. It made one for each import, for each
 * request to the Worker and for each call of an object, and that took as long as most of their work. No test replaces a module.
 */
function useKnownModules(): void {
  if (Object.hasOwn(moduleRunner, "getModuleInformation")) return;
  const request = moduleRunner.getModuleInformation.bind(moduleRunner);
  moduleRunner.getModuleInformation = (url, importer, known) =>
    known?.meta ? Promise.resolve(known) : request(url, importer, known);
}

useKnownModules();
vi.useRealTimers();
vi.unstubAllGlobals();
serveRsaKeys(RSA_KEYS);
// Work that an earlier file has deferred would write into the stores of this one.
await Promise.race([waitForGlobalWaitUntil().catch(() => undefined), scheduler.wait(longestDeferredMs)]);
await wakeStores();
resetModules();
await reset();
await applyD1Migrations(DB, MIGRATIONS);

// What waits for its delivery would be sent by the real `fetch`, to hosts that do not exist, again and again: the runtime of the last
// file would never end.
afterAll(async () => {
  const tables = ["webhook_deliveries", "webhook_subscriptions", "outbox"];
  await DB.batch(tables.map((table) => DB.prepare(`DELETE FROM ${table}`)));
});
