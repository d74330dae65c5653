/** The scopes of the platform and the page that explains them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { platformScopes } from "../../src/access/scopes.ts";
import { root } from "./_source.ts";

it("the page of concepts explains each scope of the platform", () => {
  const rows = readFileSync(join(root, "docs", "concepts.md"), "utf8").split("\n");
  const table = rows.slice(rows.indexOf("| scope | allows |") + 2);
  const explained = table.slice(0, table.indexOf("")).map((row) => /^\| `([^`]+)` \| \S/.exec(row)?.[1] ?? row);
  expect(explained.sort()).toStrictEqual([...platformScopes].sort());
});
