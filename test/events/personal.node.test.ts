/** E-mail addresses in the texts of an event. */
import { expect, it } from "vitest";
import { withoutAddresses } from "../../src/events/personal.ts";

it.each([
  ["jane.doe@acme.example", "[e-mail]"],
  ["Jane <jane+x@acme.example>, ops@sub.acme.example.", "Jane <[e-mail]>, [e-mail]"],
  ["mailto:o'neil@acme.example", "mailto:o'[e-mail]"],
  ["fleet/1.0 (+https://acme.example; jane@bücher.example)", "fleet/1.0 (+https://acme.example; [e-mail])"],
  ["https://idp.example.com/?u=jane@acme.example", "https://idp.example.com/[e-mail]"],
  ["resume:read audit:read", "resume:read audit:read"],
  ["acme/app/.github/workflows/ci.yml@refs/heads/main", "acme/app/.github/workflows/ci.yml@refs/heads/main"],
  ["@acme/lib @ 5.1", "@acme/lib @ 5.1"],
  ["root@localhost", "root@localhost"],
  ["jane@acme.example@", "[e-mail]"],
  ["fleet/1.0 (+mailto:zoe%40pers.example)", "fleet/1.0 (+mailto:[e-mail])"],
  ["https://acme.example/?u=%22zoe%2540pers%252eexample%22&n=1", "https://acme.example/[e-mail]"],
  ["zoe%40pers%2Eexample agents:read", "[e-mail] agents:read"],
  ["100%40 of 1.5", "100%40 of 1.5"],
])("%s", (text, expected) => {
  expect(withoutAddresses(text)).toBe(expected);
});

it("in every value of a structure, and nothing else of it changes", () => {
  const details = { claims: { email: "a@b.example", list: ["x", ["c@d.example"]] }, count: 7, none: null, on: true };
  expect(withoutAddresses(details)).toEqual({
    claims: { email: "[e-mail]", list: ["x", ["[e-mail]"]] },
    count: 7,
    none: null,
    on: true,
  });
});

it("in the names of members, too; those that become the same are numbered, so that no value is lost", () => {
  const claims = {
    "a@b.example": 1,
    "[e-mail] 2": 2,
    "c%40d.example": 3,
    sub: 4,
    "of e@f.example": { "g@h.example": 5 },
  };
  expect(Object.entries(withoutAddresses(claims))).toEqual([
    ["[e-mail]", 1],
    ["[e-mail] 2", 2],
    ["[e-mail] 3", 3],
    ["sub", 4],
    ["of [e-mail]", { "[e-mail]": 5 }],
  ]);
});

it("a long text without an address takes no longer than its length", () => {
  const text = `${"a@".repeat(250_000)} %${"25".repeat(250_000)}${"%25".repeat(150_000)}a`;
  const startedMs = performance.now();
  expect(withoutAddresses(text) === text).toBe(true);
  const names = Array.from({ length: 50_000 }, (_, index) => [`${index}@acme.example`, index]);
  expect(Object.keys(withoutAddresses(Object.fromEntries(names)))).toHaveLength(50_000);
  expect(performance.now() - startedMs).toBeLessThan(30_000);
});
