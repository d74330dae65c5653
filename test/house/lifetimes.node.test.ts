/** Whoever raises the longest lifetime of a token raises with it what is remembered for that long: both come from one file. */
import { describe, expect, it } from "vitest";
import { modules } from "./_source.ts";

const dependent = [
  "identity/delegation/keys.ts",
  "identity/delegation/schema.ts",
  "identity/delegation/store.ts",
  "identity/dids/service.ts",
  "identity/resources/schema.ts",
  "keys/cache.ts",
  "keys/drops.ts",
  "keys/maintenance.ts",
  "ledger/revocations.ts",
  "platform/settings.ts",
];

describe("platform/lifetimes.ts", () => {
  it("is where each of these takes the longest lifetime or the skew from", () => {
    const importers = modules.filter(({ imports }) => imports.some(({ target }) => target === "platform/lifetimes.ts"));
    expect(importers.map(({ path }) => path)).toEqual(expect.arrayContaining(dependent));
  });

  it.each(dependent.filter((path) => path !== "platform/settings.ts"))("%s has no such number of its own", (path) => {
    const text = modules.find((one) => one.path === path)?.text ?? "";
    expect(text.split("\n").filter((line) => /86_?[47]00|\b5 \* 60_000|300_000|\b24 \* /.test(line))).toEqual([]);
  });
});
