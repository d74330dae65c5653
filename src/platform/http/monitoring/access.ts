/** Who may see how the service does: whoever has `METRICS_TOKEN`, or everybody while none is set. */
import type { Context } from "../../context.ts";
import { constantTimeEqual } from "../../crypto/keyed-hash.ts";
import { type Problem, problem } from "../../problems/problems.ts";

/** RFC 6750 2.1. The scheme is case-insensitive (RFC 9110 11.1). */
const bearerForm = /^bearer +([^\s]+) *$/i;

/**
 * Refuses whoever does not have the token.
 *
 * @param authorization the `Authorization` header
 * @returns `UNAUTHORIZED`, or null for who may see
 */
export function refuseMonitor({ settings }: Context, authorization: string | undefined): Problem | null {
  const { metricsToken } = settings;
  if (metricsToken === undefined) return null;
  const [, presented] = bearerForm.exec(authorization ?? "") ?? [];
  if (presented === undefined) return problem("UNAUTHORIZED", "This needs METRICS_TOKEN, as a bearer token.");
  if (constantTimeEqual(presented, metricsToken)) return null;
  return problem("UNAUTHORIZED", "This is not METRICS_TOKEN.", { oauthError: "invalid_token" });
}
