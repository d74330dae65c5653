/**
 * The limit on one value that Cloudflare documents for D1 and for the storage of an object: 2,000,000 bytes. The local workerd
 * takes four times as much. `vi.restoreAllMocks()` ends it.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";

const { DB, ORG_LEDGER } = env as unknown as Bindings;

const bytesOf = (value: unknown) => (typeof value === "string" ? new TextEncoder().encode(value).length : 0);

type Method = (this: object, ...parameters: unknown[]) => unknown;

function wrap(owner: object, name: string, around: (own: Method) => Method): void {
  const own = Reflect.get(owner, name) as Method;
  vi.spyOn(owner as Record<string, Method>, name).mockImplementation(around(own));
}

/** Refuses values of more than so many bytes, with D1's error. Returns the sizes of those that were refused, to be read later. */
export async function limitValues(most = 2_000_000): Promise<number[]> {
  const refusedSizes: number[] = [];
  const tooBig = (prefix: string) => new Error(`${prefix}string or blob too big: SQLITE_TOOBIG`);
  const largest = (values: readonly unknown[]) => Math.max(0, ...values.map(bytesOf));
  const bound = new WeakMap<object, number>();
  const statement = Object.getPrototypeOf(DB.prepare("SELECT 1")) as object;
  wrap(
    statement,
    "bind",
    (own) =>
      function (...values) {
        const made = own.apply(this, values) as object;
        const size = largest(values);
        if (size > most) bound.set(made, size);
        return made;
      },
  );
  const refuseIfTooBig = (statements: readonly object[]) => {
    const sizes = statements.flatMap((one) => bound.get(one) ?? []);
    refusedSizes.push(...sizes.slice(0, 1));
    if (sizes.length > 0) throw tooBig("D1_ERROR: ");
  };
  for (const name of ["all", "first", "raw", "run"]) {
    wrap(
      statement,
      name,
      (own) =>
        async function (...parameters) {
          refuseIfTooBig([this]);
          return own.apply(this, parameters);
        },
    );
  }
  wrap(
    Object.getPrototypeOf(DB),
    "batch",
    (own) =>
      async function (...parameters) {
        refuseIfTooBig(parameters[0] as object[]);
        return own.apply(this, parameters);
      },
  );
  const some = ORG_LEDGER.get(ORG_LEDGER.idFromName("storage")) as DurableObjectStub<undefined>;
  await runInDurableObject(some, (_, { storage }) => {
    wrap(
      Object.getPrototypeOf(storage.sql),
      "exec",
      (own) =>
        function (...parameters) {
          const size = largest(parameters.slice(1));
          if (size > most) {
            refusedSizes.push(size);
            throw tooBig("");
          }
          return own.apply(this, parameters);
        },
    );
  });
  return refusedSizes;
}
