/** Runs the scenarios of `sdk/conformance`. A step that it does not know fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  AgentIdPClient,
  AgentIdPError,
  ClientSecret,
  type Clock,
  None,
  PrivateKeyJwt,
  Secret,
} from "@sentryagent/idp-sdk";
import { ownCalls } from "./_own-calls.ts";
import { type Any, act, begin, exemptions, recorded, scenarios, url } from "./_suite.ts";

/** Waits are a few milliseconds; the clock goes on by the whole time. */
function newClock(): Clock & { advance(ms: number): void; setWall(ms: number): void } {
  let advancedMs = 0;
  let wallMs = 0;
  return {
    now: () => Date.now() + advancedMs + wallMs,
    monotonic: () => performance.now() + advancedMs,
    random: () => 0.5,
    sleep: async (ms) => {
      const realMs = Math.min(ms, 20);
      await new Promise((resolve) => setTimeout(resolve, realMs));
      advancedMs += ms - realMs;
    },
    advance: (ms) => {
      advancedMs += ms;
    },
    setWall: (ms) => {
      wallMs = ms;
    },
  };
}

/** `${name.field}`: the value itself where that is the whole text. */
function filled(value: Any, names: Any): Any {
  if (typeof value === "string") {
    const read = (path: string) => path.split(".").reduce((of: Any, key) => of?.[key], names);
    const whole = /^\$\{([^}]+)\}$/.exec(value)?.[1];
    if (whole) return read(whole);
    return value.replace(/\$\{([^}]+)\}/g, (_, path) => String(read(path)));
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, names));
  if (typeof value !== "object" || value === null || value instanceof Secret) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, names)]));
}

/** Every member of `expected` is in `actual`. */
function assertHolds(actual: Any, expected: Any, place: string): void {
  if (typeof expected === "string" && /^\/.*\/$/.test(expected)) {
    assert.match(String(actual), new RegExp(expected.slice(1, -1)), place);
    return;
  }
  if (typeof expected !== "object" || expected === null) {
    assert.equal(actual, expected, place);
    return;
  }
  if (Array.isArray(expected)) assert.equal(actual?.length, expected.length, `${place}: the number of items`);
  for (const [key, value] of Object.entries(expected)) assertHolds(actual?.[key], value, `${place}.${key}`);
}

const plain = (value: Any): Any => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

const claimsOf = (jwt: string): Any => JSON.parse(Buffer.from(jwt?.split(".")[1] ?? "e30", "base64url").toString());

function assertTraffic(
  requests: Any[],
  { method, path, count, atMost, headers = {}, proof = {}, same, distinct }: Any,
): void {
  const pattern = new RegExp(`^${path.replace(/[.]/g, "\\.").replaceAll("*", "[^/]+")}$`);
  const fitting = requests.filter((one) => one.method === method && pattern.test(one.path));
  const place = `${method} ${path}`;
  if (count !== undefined) assert.equal(fitting.length, count, `${place}: the number of requests`);
  if (atMost !== undefined) assert.ok(fitting.length <= atMost, `${place}: ${fitting.length} requests`);
  for (const request of fitting) {
    assertHolds(request.headers, headers, `${place}: headers`);
    assertHolds(claimsOf(request.headers.dpop), proof, `${place}: the proof`);
  }
  const valuesOf = (name: string) =>
    new Set(fitting.map((request) => request.headers[name] ?? bodyValue(request, name)));
  if (same) assert.equal(valuesOf(same).size, 1, `${place}: ${same} is the same`);
  if (distinct) assert.equal(valuesOf(distinct).size, fitting.length, `${place}: ${distinct} differs`);
}

const bodyValue = ({ body }: Any, name: string) => new URLSearchParams(body).get(name);

function credentialsOf(scenario: Any, fixtures: Any) {
  const as = fixtures[scenario.credentials === "privateKey" ? "keyAgent" : (scenario.as ?? "admin")];
  switch (scenario.credentials) {
    case "none":
      return new None();
    case "wrongSecret":
      return new ClientSecret(as.clientId, "sa_sec_wrong");
    case "privateKey":
      return new PrivateKeyJwt({ clientId: as.clientId, key: as.privateKeyJwk });
    default:
      return new ClientSecret(as.clientId, as.clientSecret);
  }
}

/** All ways to print a value. */
const printed = (value: Any): string =>
  [inspect(value, { depth: 10, showHidden: true }), String(value), JSON.stringify(value) ?? ""].join("\n");

async function oneCall(step: Any, client: Any, names: Any, signal?: AbortSignal): Promise<Any> {
  const own = ownCalls[step.call];
  const args = filled(step.args ?? [], names);
  if (own) return own({ client, args, step, names });
  const path = step.call.split(".");
  const method = path.pop();
  const part = path.reduce((of: Any, key: string) => of?.[key], client);
  assert.equal(typeof part?.[method], "function", `the library has no ${step.call}`);
  const options = { ...filled(step.options ?? {}, names), ...(signal ? { signal } : {}) };
  // Options are the last parameter; what is optional before it may be left out in a scenario.
  const padded = [...args, ...Array(Math.max(0, part[method].length - args.length - 1)).fill(undefined)];
  const result = part[method](...padded, options);
  if (step.take === undefined) return result;
  if (step.take === "records") return counted((await result).records());
  const items: Any[] = [];
  for await (const item of result) {
    items.push(item);
    if (items.length === 1 && step.between) await act(step.between);
    if (items.length === step.take) break;
  }
  if (step.unique) {
    assert.ok(items.length > 1, "there are several items");
    assert.equal(new Set(items.map((item) => item[step.unique])).size, items.length, "each item once");
  }
  return items;
}

/** The first record of a stream, and how many there are. */
async function counted(records: AsyncIterable<Any>): Promise<Any> {
  let first: Any;
  let count = 0;
  for await (const record of records) {
    first ??= record;
    count++;
  }
  return { first, count };
}

async function called(step: Any, client: Any, names: Any): Promise<Any> {
  const times = step.times ?? 1;
  if (!step.concurrently) {
    let last: Any;
    for (let time = 0; time < times; time++) last = await oneCall(step, client, names);
    return last;
  }
  const cancelled = new AbortController();
  const isCancelled = (index: number) => index < (step.cancel?.count ?? 0);
  const calls = Array.from({ length: times }, (_, index) =>
    Promise.resolve(oneCall(step, client, names, isCancelled(index) ? cancelled.signal : undefined)),
  );
  if (step.cancel) setTimeout(() => cancelled.abort(), step.cancel.afterMs);
  const settled = await Promise.allSettled(calls);
  const kept = settled.filter((_, index) => !isCancelled(index));
  for (const result of settled.slice(0, step.cancel?.count ?? 0))
    assert.equal(result.status, "rejected", "a cancelled call");
  const failed = kept.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
  if (failed) {
    assert.ok(step.error === undefined || kept.every(({ status }) => status === "rejected"), "all waiters fail alike");
    throw failed.reason;
  }
  return kept.map((result) => (result as PromiseFulfilledResult<Any>).value);
}

test("no scenario is missing", () => {
  const numbers = scenarios.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    Array.from({ length: 80 }, (_, index) => index + 1),
  );
});

for (const scenario of scenarios) {
  const skip = exemptions.find(
    ({ language, number }) => language === "typescript" && number === scenario.number,
  )?.reason;
  test(`${scenario.number} ${scenario.id}`, { skip: skip ?? false }, async () => {
    assert.ok(!(skip && scenario.must), "a scenario that must pass cannot be left out");
    const fixtures = await begin(scenario);
    const clock = newClock();
    const seen: Any[] = [];
    const hook = (event: Any) => seen.push(event);
    const options = { clock, onRequest: hook, onResponse: hook, refuseUnknownFields: true, ...scenario.client };
    const credentials = credentialsOf(scenario, fixtures);
    const dpopKey = scenario.credentials === "dpop" ? await ownCalls["dpop.generate"]?.({} as Any) : undefined;
    const client = new AgentIdPClient(url, credentials, dpopKey ? { ...options, dpopKey } : options);
    const names: Any = { ...fixtures, url, clock, dpopKey };
    for (const step of scenario.steps) {
      if (step.clock) {
        clock.advance(step.clock.advanceMs ?? 0);
        if (step.clock.wallMs !== undefined) clock.setWall(step.clock.wallMs);
      }
      if (step.suite) {
        const acted = await act(filled(step.suite, names));
        if (step.as) names[step.as] = acted;
      }
      if (!step.call) continue;
      const on = step.on ? names[step.on] : client;
      const outcome = await called(step, on, names).then(
        (value) => ({ value }),
        (error) => ({ error }),
      );
      if ("error" in outcome) {
        if (!step.error || !(outcome.error instanceof AgentIdPError)) throw outcome.error;
        const { error } = outcome;
        seen.push(error);
        const facts = { ...plain(error), requiredScope: error.requiredScope, issues: error.issues };
        assertHolds(facts, filled(step.error, names), `the error of ${step.call}`);
        continue;
      }
      assert.equal(step.error, undefined, `${step.call} must fail`);
      seen.push(outcome.value);
      if (step.as) names[step.as] = outcome.value;
    }
    const requests = await recorded();
    for (const [name, expected] of Object.entries(scenario.then.results ?? {})) {
      const value = names[name];
      assertHolds(typeof value === "string" ? value : plain(value), filled(expected, names), name);
    }
    for (const expected of scenario.then.traffic ?? []) assertTraffic(requests, filled(expected, names));
    const tokens = requests.map(({ headers }: Any) => headers.authorization?.split(" ")[1]);
    const secrets = Object.values<Any>(fixtures).flatMap((one) => [one?.clientSecret, one?.privateKeyJwk?.d]);
    const text = [client, credentials, ...seen].map(printed).join("\n");
    for (const secret of [...secrets, ...tokens]) {
      if (secret) assert.ok(!text.includes(secret), "a secret is printed");
    }
    client.close();
  });
}
