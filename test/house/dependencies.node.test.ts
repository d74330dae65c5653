/** docs/dependencies.md has a reason for each dependency, and for nothing else; what runs in the Worker is used there. */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const page = readFileSync(join(root, "docs/dependencies.md"), "utf8");

/** The packages of a section, with their reasons. */
function tableUnder(heading: string): Map<string, string> {
  const [, section = ""] = page.split(`## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  return new Map([...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name = "", why = ""]) => [name, why]));
}

describe("docs/dependencies.md", () => {
  it.each([
    ["dependencies", "What runs in the Worker"],
    ["devDependencies", "What builds, checks and tests it"],
  ])("has a line for each of the %s", (kind, heading) => {
    const table = tableUnder(heading);
    expect([...table.keys()]).toEqual(Object.keys(manifest[kind]).toSorted());
    for (const [name, why] of table) expect(why.length, name).toBeGreaterThan(4);
  });

  it("what runs in the Worker is imported there, or asked for by what is", async () => {
    const files = await readdir(join(root, "src"), { recursive: true, withFileTypes: true });
    const sources = files
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
    const unused = Object.keys(manifest.dependencies).filter(
      (name) => !new RegExp(`(from|import\\()\\s*"${name}["/]`).test(sources),
    );
    const peers = Object.keys(
      JSON.parse(readFileSync(join(root, "node_modules/@hono/zod-openapi/package.json"), "utf8")).peerDependencies,
    );
    expect(unused.filter((name) => !peers.includes(name))).toEqual([]);
  });
});
