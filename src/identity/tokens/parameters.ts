/** Parameters of a token request that have a grammar of their own. */
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";

/** RFC 6749 3.3: one space between scope-tokens of printable ASCII without quote and backslash. */
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
 * Reads `resource` (RFC 8707 2): absolute URIs without a fragment, each once. One without a value was left out.
 *
 * @returns `invalid_target` for anything else
 */
export function readResources(resource: string | string[] | undefined): Result<string[]> {
  const resources = [...new Set([resource ?? []].flat())].filter((uri) => uri !== "");
  const wrong = resources.find((uri) => uri.length > 2048 || !absoluteUri.test(uri) || !URL.canParse(uri));
  if (wrong === undefined) return ok(resources);
  return problem("VALIDATION_ERROR", "resource must be an absolute URI without a fragment.", {
    oauthError: "invalid_target",
  });
}
