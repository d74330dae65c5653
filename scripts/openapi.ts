/** Writes `sdk/openapi.json`, from which the client libraries are generated: the served document, of an example issuer. */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { builtModules, dist } from "./built-worker.ts";
import { configuredBindings } from "./configured.ts";
import { root } from "./wrangler.ts";

/** The path of the document. */
export const openApiPath = join(root, "sdk/openapi.json");

/** The issuer in it. */
export const exampleIssuer = "https://idp.example.com";

/** The text of the file, of a document as it is served: sorted by nothing, one member a line, so that a diff shows what changed. */
export const openApiText = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

if (import.meta.main) {
  // The Worker does not start without them.
  const key = () => `0:${randomBytes(32).toString("base64url")}`;
  const secrets = { KEY_ENCRYPTION_KEYS: key(), SECRET_HASH_KEYS: key() };
  const bindings = configuredBindings({ ...secrets, ISSUER: exampleIssuer });
  const worker = new Miniflare(
    convertV4MiniflareOptions({ ...bindings, modules: builtModules(), modulesRoot: dist, cf: false, port: 0 }),
  );
  const answer = await worker.dispatchFetch(`${exampleIssuer}/openapi.json`);
  mkdirSync(dirname(openApiPath), { recursive: true });
  writeFileSync(openApiPath, openApiText(await answer.json()));
  await worker.dispose();
}
