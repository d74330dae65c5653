/** CHANGELOG.md has the form of Keep a Changelog 1.1.0, and an entry for the version of package.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const groups = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/** What is not as Keep a Changelog says, in order of appearance. */
function faultsOf(text: string): string[] {
  const [head = "", ...entries] = text.split(/^## /m);
  const faults = head.startsWith("# Changelog\n") ? [] : ["does not begin with # Changelog"];
  if (!entries[0]?.startsWith("[Unreleased]\n")) faults.push("the first entry is not [Unreleased]");
  let newer: readonly [numbers: readonly number[], date: string] | null = null;
  for (const [index, entry] of entries.entries()) {
    const [title = "", ...rest] = entry.split("\n");
    const [preface = "", ...parts] = rest.join("\n").split(/^### /m);
    for (const part of parts) {
      const [group = "", ...lines] = part.split("\n");
      if (!groups.includes(group)) faults.push(`${title}: ${group} is no group`);
      if (!lines.some((line) => line.startsWith("- "))) faults.push(`${title}: ${group} is empty`);
    }
    const names = parts.map((part) => part.split("\n")[0]);
    if (new Set(names).size < names.length) faults.push(`${title}: a group comes twice`);
    if (/^- /m.test(preface)) faults.push(`${title}: a change is in no group`);
    if (index === 0) continue;
    const [, number = "", date = ""] = /^\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$/.exec(title) ?? [];
    if (number === "" || Number.isNaN(Date.parse(date))) faults.push(`${title} is not [x.y.z] - YYYY-MM-DD`);
    if (parts.length === 0) faults.push(`${title}: has no group`);
    const numbers = number.split(".").map(Number);
    if (newer && (isNewer(numbers, newer[0]) || date > newer[1])) faults.push(`${title} is newer than the one above`);
    newer = [numbers, date];
  }
  return faults;
}

/** Whether a version is newer than another, or the same (Semantic Versioning 2.0.0, 11). */
function isNewer(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at === -1 || one[at]! > other[at]!;
}

describe("CHANGELOG.md", () => {
  it("has the form of Keep a Changelog", () => {
    expect(faultsOf(changelog)).toEqual([]);
  });

  it("has the version of package.json as its newest release", () => {
    const [newest] = [...changelog.matchAll(/^## \[(\d[^\]]*)\]/gm)].map(([, release]) => release);
    expect(newest).toBe(version);
  });

  it.each([
    ["# Changes\n## [Unreleased]\n", ["does not begin with # Changelog"]],
    ["# Changelog\n## [1.0.0] - 2026-01-31\n### Added\n- a\n", ["the first entry is not [Unreleased]"]],
    ["# Changelog\n## [Unreleased]\n### News\n- a\n", ["[Unreleased]: News is no group"]],
    ["# Changelog\n## [Unreleased]\n### Fixed\n", ["[Unreleased]: Fixed is empty"]],
    ["# Changelog\n## [Unreleased]\n### Fixed\n- a\n### Fixed\n- b\n", ["[Unreleased]: a group comes twice"]],
    ["# Changelog\n## [Unreleased]\n- a\n", ["[Unreleased]: a change is in no group"]],
    ["# Changelog\n## [Unreleased]\n## [1.0.0]\n### Added\n- a\n", ["[1.0.0] is not [x.y.z] - YYYY-MM-DD"]],
    ["# Changelog\n## [Unreleased]\n## [1.0.0] - 2026-01-31\n", ["[1.0.0] - 2026-01-31: has no group"]],
    [
      "# Changelog\n## [Unreleased]\n## [1.9.0] - 2026-01-31\n### Added\n- a\n## [1.10.0] - 2026-01-30\n### Added\n- b\n",
      ["[1.10.0] - 2026-01-30 is newer than the one above"],
    ],
    [
      "# Changelog\n## [Unreleased]\n## [1.1.0] - 2026-01-30\n### Added\n- a\n## [1.0.0] - 2026-01-31\n### Added\n- b\n",
      ["[1.0.0] - 2026-01-31 is newer than the one above"],
    ],
  ])("the rule sees what is wrong with %j", (text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });
});
