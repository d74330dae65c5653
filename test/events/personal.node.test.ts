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

it("a long text without an address takes no longer than its length", () => {
  const text = `${"a@".repeat(500_000)}a`;
  const startedMs = performance.now();
  expect(withoutAddresses(text) === text).toBe(true);
  expect(performance.now() - startedMs).toBeLessThan(30_000);
});
