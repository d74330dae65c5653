/** docs/conformance.md has a row for each test that is named after a section of a standard, and no other. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { conformancePath, namedRequirements, rowOf } from "../../scripts/conformance.ts";

const page = await readFile(conformancePath, "utf8");
const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| section"));
const resultOf = (row: string) => /\| (\d+ passed) \|$/.exec(row)?.[1] ?? "";

/** What the endpoints of this service are made of. */
const core = [
  "RFC 6749",
  "RFC 6750",
  "RFC 7009",
  "RFC 7662",
  "RFC 7517",
  "RFC 7519",
  "RFC 7523",
  "RFC 8414",
  "RFC 8693",
  "RFC 8707",
  "RFC 9068",
  "RFC 9449",
  "DID Core",
  "did:web",
];

describe("docs/conformance.md", () => {
  it("is made of the tests that there are: `npm run docs:conformance`", () => {
    expect(rows).toEqual(
      namedRequirements().map((requirement, index) => rowOf(requirement, resultOf(rows[index] ?? ""))),
    );
  });

  it("has what every row gave when it was run, and nothing that failed", () => {
    expect(rows.filter((row) => resultOf(row) === "")).toEqual([]);
  });

  it.each(core)("%s has rows", (standard) => {
    expect(namedRequirements().filter((one) => one.standard === standard).length).toBeGreaterThan(1);
  });

  it("names the section of an RFC", () => {
    expect(namedRequirements().filter(({ standard, section }) => standard.startsWith("RFC") && section === "")).toEqual(
      [],
    );
  });
});
