/** The viewer of the API reference, OpenAPI Explorer, with what it does otherwise here. */
import { createHash } from "node:crypto";
import viewer from "openapi-explorer/dist/browser/openapi-explorer.min.js";
import { version } from "openapi-explorer/package.json";

/** It has no settings for these. Each expression matches one place of its script (a test). */
export const changes: readonly (readonly [place: RegExp, text: string])[] = [
  // No scope is chosen: a token without a named scope carries what the agent may have, and one more is `invalid_scope`.
  [/checked="checked" (?=part="checkbox checkbox-auth-scope")/, ""],
  // That there is no token yet is no error.
  [/<div class="red-text">(?=\$\{\w+\("authentication\.no-api-key-applied"\)\})/, "<div>"],
  [/"No API key applied"/, '"There is no token yet: paste one, or get one with the id and the secret of an agent."'],
  // The layout with a navigation, for phones, too.
  [/"\(min-width: 768px\)"/, '"(min-width: 0)"'],
];

/** The script, for browsers. */
export const viewerScript = (): string =>
  changes.reduce((script, [place, text]) => script.replace(place, () => text), viewer);

const digest = createHash("sha256").update(String(changes)).digest("hex").slice(0, 8);

/** Of the script: caches store each version permanently. */
export const viewerVersion = `${version}-${digest}`;
