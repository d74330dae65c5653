/** The viewer of `/docs`, OpenAPI Explorer, with what it does otherwise here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const path = join(import.meta.dirname, "../node_modules/openapi-explorer/dist/browser/openapi-explorer.min.js");

/** It has no settings for these. Each expression matches one place of its script. */
const changes: readonly (readonly [place: RegExp, text: string])[] = [
  // No scope is chosen: a token without a named scope carries what the agent may have, and one more is `invalid_scope`.
  [/checked="checked" (?=part="checkbox checkbox-auth-scope")/g, ""],
  // That there is no token yet is no error.
  [/<div class="red-text">(?=\$\{\w+\("authentication\.no-api-key-applied"\)\})/g, "<div>"],
  [/"No API key applied"/g, '"There is no token yet: paste one, or get one with the id and the secret of an agent."'],
  // The layout with a navigation, for phones, too.
  [/"\(min-width: 768px\)"/g, '"(min-width: 0)"'],
];

/** The script, for browsers. */
export function viewerScript(): string {
  return changes.reduce(
    (script, [place, text]) => {
      const places = script.match(place)?.length ?? 0;
      if (places !== 1)
        throw new Error(`OpenAPI Explorer has ${places} places of ${place}, not 1: read what has changed`);
      return script.replace(place, () => text);
    },
    readFileSync(path, "utf8"),
  );
}
