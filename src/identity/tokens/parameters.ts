/** Parameters of a token request that have a grammar of their own. */
import type { Target } from "../../ledger/contract.ts";
import { longestIdentifier } from "../../platform/http/fields.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { comparisonKey } from "../resources/service.ts";

const invalidTarget = (message: string) => problem("VALIDATION_ERROR", message, { oauthError: "invalid_target" });

/**
 * RFC 6749 3.3: one space between scope-tokens of printable ASCII without quote and backslash. Nothing is trimmed: further blanks
 * come from a list with an empty element, and the client then expects a scope that it has not named.
 */
const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/**
 * Reads `scope`, each scope once.
 *
 * @returns null when the request names none; `invalid_scope` when it breaks the grammar
 */
export function readScopes(scope: string | undefined): Result<string[] | null> {
  if (scope === undefined) return ok(null);
  if (!scopeForm.test(scope)) {
    return problem("VALIDATION_ERROR", "scope is a list of scopes with one space between them.", {
      oauthError: "invalid_scope",
    });
  }
  return ok([...new Set(scope.split(" "))]);
}

/** RFC 3986 4.3, to the character: `URL` takes blanks and other scripts too, and reads another URI than was written. */
const absoluteUri = /^[a-z][a-z0-9+.-]*:([\w.~:/?[\]@!$&'()*+,;=-]|%[0-9a-f]{2})+$/i;

/**
 * Reads `resource` (RFC 8707 2): an absolute URI without a fragment. A token is for one API only. One without a value was left
 * out.
 *
 * @returns the issuer when the request names none; `invalid_target` for what is no such URI and for several resources
 */
export function readTarget(resource: string | readonly string[] | undefined, issuer: string): Result<Target> {
  const uris = [resource ?? []].flat().filter((uri) => uri !== "");
  const wrong = uris.find((uri) => uri.length > 2048 || !absoluteUri.test(uri) || !URL.canParse(uri));
  if (wrong !== undefined) return invalidTarget("resource must be an absolute URI without a fragment.");
  const keys = new Set(uris.map(comparisonKey));
  if (keys.size > 1) return invalidTarget("Name one resource: a token is for one API.");
  const [key = issuer] = keys;
  if (key === comparisonKey(issuer)) return ok({ key: null, name: issuer, isNamed: uris.length > 0 });
  return ok({ key, name: (uris[0] ?? "").slice(0, longestIdentifier), isNamed: true });
}

/** RFC 6749 3.2: a parameter without a value is treated as if it was left out. */
export const isSent = (value: unknown) => value !== undefined && value !== "";

/** Names of `scope` and `resource` elsewhere: in the plural, with the brackets of PHP and Ruby, with a capital. */
const misnamedParameter = /^(?:(scopes?)|(?:audiences?|resources?))(?:\[\w{0,20}\])?$/i;

/** Refuses parameters that other servers have and that would be ignored here, with another token than the client expects. */
export function refuseMisnamed(form: Readonly<Record<string, unknown>>): Problem | null {
  for (const [name, value] of Object.entries(form)) {
    const match = name === "scope" || name === "resource" ? null : misnamedParameter.exec(name);
    // The form reader makes a list of the values of a name that ends with `[]`.
    if (match === null || ![value].flat().some(isSent)) continue;
    if (match[1] === undefined) {
      return invalidTarget(`${name} is no parameter: send resource (RFC 8707), the identifier of one API.`);
    }
    const message = `${name} is no parameter: send scope, with one space between the scopes.`;
    return problem("VALIDATION_ERROR", message, { oauthError: "invalid_request" });
  }
  return null;
}
