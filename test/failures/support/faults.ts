/**
 * Makes one call of a dependency fail: every D1 statement and batch (the Worker's and the objects'), KV call, queue send,
 * object call and outbound fetch comes past here, and the k-th since the fault was set goes wrong.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { OrgLedger } from "../../../src/ledger/org-ledger.object.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import { keepLog } from "./log.ts";

export const bindings = env as unknown as Bindings;

/**
 * `before`: it fails and has no effect. `after`: it has its effect and the answer is lost. `late`: the time for it runs out,
 * and it has its effect only then. That time runs out at all is for `bounded.test.ts`.
 */
export const modes = ["before", "after", "late"] as const;
/** `disk`: not a call of a dependency, but one of an object of its own storage. */
export type Mode = (typeof modes)[number] | "disk";

/** What must never come out of the service. */
export const innermost = "INNERMOST injected at /srv/inner/store.ts:42";

interface Fault {
  readonly at: number;
  readonly mode: Mode;
  calls: string[];
  /** What it hit. */
  hit: string | null;
  /** Effects that are still to come. */
  readonly late: (() => Promise<unknown>)[];
}

let fault: Fault | null = null;

/** The connection is lost before, the database says so itself after, and nobody says anything when it is late. */
function failure(kind: string, mode: Mode): Error {
  if (mode === "late") return new DOMException(`No answer in time. ${innermost}`, "TimeoutError");
  const isTold = kind.startsWith("D1") && mode === "after";
  return new Error(`${isTold ? "D1_ERROR: " : ""}Network connection lost. ${innermost}`);
}

/** Every call of a dependency, with the place where it may fail. */
async function through<T>(kind: string, call: () => Promise<T>): Promise<T> {
  const present = fault;
  if (!present || present.mode === "disk") return call();
  present.calls.push(kind);
  if (present.calls.length !== present.at) return call();
  present.hit = kind;
  if (present.mode === "after") await call();
  if (present.mode === "late") present.late.push(call);
  throw failure(kind, present.mode);
}

type Method = (this: unknown, ...parameters: unknown[]) => Promise<unknown>;

const undo: (() => void)[] = [];

/** Replaces a method. Not a spy of Vitest: it would keep the parameters and the result of each of a million calls. */
function replace<M>(owner: object, name: string, by: (own: M) => M): void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  if (!before) throw new Error(`${name} is not where it was looked for.`);
  Object.defineProperty(owner, name, { ...before, value: by(before.value as M) });
  undo.push(() => Object.defineProperty(owner, name, before));
}

function divert(
  owner: object,
  kind: string | ((self: object) => string),
  names: readonly string[],
  effect?: Method,
): void {
  for (const name of names) {
    replace<Method>(owner, name, (own) => {
      return function (...parameters) {
        const named = typeof kind === "string" ? `${kind}.${name}` : kind(this as object);
        return through(named, async () => (effect ?? own).apply(this, parameters));
      };
    });
  }
}

/** What each statement begins with: `SELECT`, `UPDATE`, … */
const verbs = new WeakMap<object, string>();

function nameStatements(database: object, statement: object): void {
  const prototypes = { prepare: database, bind: statement } as Record<string, object>;
  for (const [name, owner] of Object.entries(prototypes)) {
    replace<(this: object, ...parameters: unknown[]) => object>(owner, name, (own) => {
      return function (...parameters) {
        const made = own.apply(this, parameters);
        const [verb = ""] = /\w+/.exec(String(parameters[0])) ?? [];
        verbs.set(made, name === "prepare" ? verb.toUpperCase() : (verbs.get(this) ?? ""));
        return made;
      };
    });
  }
}

/** The storage of every object has one of these. */
function divertStorage(owner: object, kind: string, names: readonly string[]): void {
  for (const name of names) {
    replace<(this: unknown, ...parameters: unknown[]) => unknown>(owner, name, (own) => {
      return function (...parameters) {
        if (fault?.mode === "disk") {
          fault.calls.push(kind);
          if (fault.calls.length === fault.at) {
            fault.hit = kind;
            throw new Error(`disk I/O error. ${innermost}`);
          }
        }
        return own.apply(this, parameters);
      };
    });
  }
}

/** Answers in place of the Internet. */
export type Internet = (url: URL, init: RequestInit) => Promise<Response> | Response;

let internet: Internet = () => {
  throw new TypeError("Network connection lost.");
};

/** What is reached by fetch from now on. */
export function connect(answer: Internet): void {
  internet = answer;
}

/** Puts the failing places where they belong. Call it before all tests of a file. */
export async function takeOver(): Promise<void> {
  keepLog();
  const { DB, CACHE, WEBHOOK_QUEUE } = bindings;
  const [database, statement] = [Object.getPrototypeOf(DB), Object.getPrototypeOf(DB.prepare("SELECT 1"))];
  nameStatements(database, statement);
  divert(database, "D1", ["batch"]);
  divert(statement, (self) => `D1 ${verbs.get(self)}`, ["all", "first", "raw", "run"]);
  divert(Object.getPrototypeOf(CACHE), "KV", ["get", "put", "delete"]);
  // What is queued is looked for in D1, so nothing is lost when nobody takes it out.
  divert(Object.getPrototypeOf(WEBHOOK_QUEUE), "Queue", ["send", "sendBatch"], async () => undefined);
  const some = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName("storage"));
  await runInDurableObject(some, (_, { storage }) => {
    divertStorage(Object.getPrototypeOf(storage), "commit", ["transactionSync"]);
    divertStorage(Object.getPrototypeOf(storage.sql), "statement", ["exec"]);
    divertStorage(Object.getPrototypeOf(storage.kv), "value", ["get", "put"]);
  });
  // A flush in the background would be counted with whatever goes on.
  vi.spyOn(OrgLedger.prototype, "alarm").mockResolvedValue();
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    return through(`fetch ${url.hostname}`, async () => internet(url, init as RequestInit));
  });
}

export function giveBack(): void {
  vi.restoreAllMocks();
  for (const one of undo.splice(0).reverse()) one();
}

/** Counts of what was answered go on after the answer, and never to the caller. */
const inBackground = ["noteCalls"];

function divertObjects(name: string, namespace: DurableObjectNamespace): DurableObjectNamespace {
  const divertStub = (stub: object) =>
    new Proxy(stub, {
      get: (_, method) => {
        const call = Reflect.get(stub, method) as Method;
        const own = (...parameters: unknown[]) => Reflect.apply(call, stub, parameters);
        if (inBackground.includes(String(method))) return own;
        return (...parameters: unknown[]) => through(`${name}.${String(method)}`, () => own(...parameters));
      },
    });
  return {
    idFromName: (id: string) => namespace.idFromName(id),
    get: (id: DurableObjectId) => divertStub(namespace.get(id)),
  } as unknown as DurableObjectNamespace;
}

/** The bindings with objects that can fail; those of everything else fail by themselves. */
export const failing: Bindings = {
  ...bindings,
  ORG_LEDGER: divertObjects("Ledger", bindings.ORG_LEDGER),
  DELEGATION_CHAIN: divertObjects("Chain", bindings.DELEGATION_CHAIN),
};

/** Calls that change nothing: whether one fails before, after or late is all the same. */
export const isRead = (kind: string | undefined): boolean => /^(D1 SELECT|KV\.get)$/.test(kind ?? "");

/** The ways in which a call fails that are different from each other. */
export const isOtherWay = (kind: string | undefined, mode: Mode): boolean =>
  mode === "before" || mode === "disk" || !isRead(kind);

/** What happened while a fault was set. */
export interface Witness {
  /** Which call it hit; null: there were fewer calls. */
  readonly hit: string | null;
  readonly calls: readonly string[];
}

/** Does something while the k-th call fails. Effects that are late have come when this returns. */
export async function whileFailing<T>(at: number, mode: Mode, work: () => Promise<T>): Promise<T & Witness> {
  const present: Fault = { at, mode, calls: [], hit: null, late: [] };
  fault = present;
  try {
    const result = await work();
    return { ...result, hit: present.hit, calls: present.calls };
  } finally {
    fault = null;
    // An effect that cannot come any more is none.
    await Promise.allSettled(present.late.map((effect) => effect()));
  }
}

/** Does something with a clock that is ahead. */
export async function clockAhead<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const now = Date.now.bind(Date);
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + ms);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}
