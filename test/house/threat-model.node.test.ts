/** docs/threat-model.md names for each attack the check and the tests: they exist, and each test says which attack it is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const page = read("docs/threat-model.md");
const attacks = page.slice(page.indexOf("## Attacks"), page.indexOf("## What is left"));
const rows = attacks
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| attack |"))
  .map((line) => line.slice(2, -2).split(" | "))
  .map(([attack = "", , check = "", tests = ""]) => ({
    attack,
    check,
    tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path),
  }));

/** What a file says of itself: its first comment, in one line. */
const headOf = (path: string) =>
  (/^\/\*\*(.*?)\*\//s.exec(read(path))?.[1] ?? "").replace(/\n \*/g, " ").replace(/\s+/g, " ");

const pathsIn = (text: string) => [...text.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, path = ""]) => path);

describe("docs/threat-model.md", () => {
  it("has every attack with a check and a test", () => {
    expect(rows.length).toBeGreaterThanOrEqual(24);
    expect(rows.filter(({ check, tests }) => check === "" || tests.length === 0)).toEqual([]);
  });

  it("names files that exist", () => {
    expect(pathsIn(page).filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(rows.flatMap(({ tests }) => tests).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(rows.filter(({ tests }) => !tests.every((path) => /^test\/(failures|security\/\w+)\//.test(path))))(
    "its tests are named after: $attack",
    ({ attack, tests }) => {
      expect(tests.map(headOf).filter((head) => head.includes(attack))).not.toEqual([]);
    },
  );

  it("names every test of test/security", () => {
    const files = readdirSync(join(root, "test/security")).filter((name) => name.endsWith(".test.ts"));
    const named = rows.flatMap(({ tests }) => tests);
    expect(files.map((name) => `test/security/${name}`).filter((path) => !named.includes(path))).toEqual([]);
  });
});
