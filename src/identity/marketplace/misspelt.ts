/** Misspelt filters of a public list. Its links get parameters of others (`utm_*`, cache-busters), so not every unknown one is refused. */
import { unknownParameters } from "../../platform/problems/issues.ts";
import type { Problem } from "../../platform/problems/problems.ts";

/** Names of filters and pages at other APIs, in the form of {@link plain}. */
const habits: ReadonlySet<string> = new Set(
  "q query text term keyword keywords filter name owner type status tag skill skills capabilities page pagesize perpage size count offset skip start after before sort sortby order orderby".split(
    " ",
  ),
);

/** `agent_type`, `AgentType` and `agent-type[]` are one name. */
const plain = (name: string) => name.toLowerCase().replace(/[^a-z]/g, "");

/** How many letters must be added, removed or replaced to make one word of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, expected] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (letter === expected ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Two letters may differ in a long name, one in a short one, such as `limit`. */
const resembles = (name: string, known: string) =>
  name.startsWith(known) || (name.length <= 20 && distance(name, known) <= (known.length > 5 ? 2 : 1));

/**
 * Refuses a query with a parameter that resembles a known one, or that other lists have.
 *
 * @param sent the parameters of the request
 * @param known the parameters of the list
 * @returns `VALIDATION_ERROR`, or null
 */
export function refuseMisspelt(sent: Readonly<Record<string, string>>, known: readonly string[]): Problem | null {
  const isMisspelt = (name: string) =>
    !known.includes(name) && (habits.has(plain(name)) || known.some((one) => resembles(plain(name), plain(one))));
  const misspelt = Object.keys(sent).filter(isMisspelt);
  return misspelt.length === 0 ? null : unknownParameters(misspelt, known, sent);
}
