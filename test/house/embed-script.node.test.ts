import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { embedScript, embedScriptPath } from "../../scripts/embed-script.ts";

it("the script that other people's pages load is made of its sources: `npm run embed`", async () => {
  expect(await readFile(embedScriptPath, "utf8")).toBe(await embedScript());
});
