/** The certification guide names a test for every line: each of them exists, by this name. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { titlesIn } from "../../scripts/conformance.ts";

const root = join(import.meta.dirname, "..", "..");
const guide = readFileSync(join(root, "docs", "agntcy", "certification-guide.md"), "utf8");

/** The rows of its tables, without the heads and the lines under them. */
const rows = guide.split("\n").filter((line) => line.startsWith("|") && !/^\|(-|\s*requirement)/.test(line));

/** What the last cell of a row says: a file, and the title of a test in it. */
function proofIn(row: string) {
  const [, file = "", title = ""] = /`(test\/[\w./-]+)` › "([^"]+)" \|$/.exec(row) ?? [];
  return { file, title };
}

const titlesOf = (file: string) =>
  existsSync(join(root, file)) ? titlesIn(readFileSync(join(root, file), "utf8")) : [];

describe("docs/agntcy/certification-guide.md", () => {
  it("names a test in every row", () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => proofIn(row).file === "")).toEqual([]);
  });

  it.each(rows.map(proofIn))("$file › $title", ({ file, title }) => {
    expect(titlesOf(file)).toContain(title);
  });
});
