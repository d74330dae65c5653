import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { errorReference, errorReferencePath } from "../../scripts/error-reference.ts";

it("docs/errors.md says what the registry of errors says", async () => {
  expect(await readFile(errorReferencePath, "utf8")).toBe(errorReference());
});
