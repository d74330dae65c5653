/** Every code of the registry is provoked by some test: a code that no test expects is one that nobody knows to work. */
import { glob, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { problemRegistry } from "../../src/platform/problems/problems.ts";

const tests: string[] = [];
for await (const path of glob("test/**/*.test.ts")) {
  if (!path.includes("house")) tests.push(await readFile(path, "utf8"));
}

describe("the registry of errors", () => {
  it.each(Object.keys(problemRegistry))("%s is expected by a test", (code) => {
    expect(tests.filter((text) => text.includes(`"${code}"`)).length).toBeGreaterThan(0);
  });
});
