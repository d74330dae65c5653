/** The table of the portal's files, for the Worker, which serves no other ones. A house test compares it with `docs/`. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { output } from "./output.ts";

const path = join(import.meta.dirname, "../../src/platform/web/portal-files.ts");

/** Writes it, if the pages that are built are other ones than its own. */
export function writePortalFiles(): void {
  const entries = readdirSync(join(output, "pages"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const names = files.map((file) => relative(output, file).split(sep).join("/")).sort();
  const table = `/** Made of the pages of the portal by \`node web/build/build.ts\`: its files in \`web/dist\`. */
export const portalFiles: readonly string[] = [
${names.map((name) => `  ${JSON.stringify(name)},\n`).join("")}];
`;
  if (readFileSync(path, "utf8") !== table) writeFileSync(path, table);
}
