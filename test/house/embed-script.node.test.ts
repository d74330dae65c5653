import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { browserScripts, moduleOf, pathOf } from "../../scripts/embed-script.ts";

it.each(browserScripts)("$folder/$target is made of its source: `npm run embed`", async (script) => {
  expect(await readFile(pathOf(script), "utf8")).toBe(await moduleOf(script));
});
