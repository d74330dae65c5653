/** Bearer tokens that are settings of the service: the set-up token, the token of the metrics. */
import type { Context } from "../context.ts";
import { constantTimeEqual } from "../crypto/keyed-hash.ts";
import { type Problem, problem } from "../problems/problems.ts";

/** RFC 6750 2.1. The scheme is case-insensitive (RFC 9110 11.1). */
const bearerForm = /^bearer +([^\s]+) *$/i;

/**
 * Refuses a request that does not present the token.
 *
 * @param authorization the `Authorization` header
 * @param name the name of the token in the message
 * @returns `UNAUTHORIZED`, or null when the request presents it
 */
export function refuseWithoutToken(authorization: string | undefined, token: string, name: string): Problem | null {
  const [, presented] = bearerForm.exec(authorization ?? "") ?? [];
  const hint = `Send ${name} as \`Authorization: Bearer <token>\`. The operator of the service has it.`;
  if (presented === undefined) return problem("UNAUTHORIZED", `This needs ${name}, as a bearer token.`, { hint });
  if (constantTimeEqual(presented, token)) return null;
  return problem("UNAUTHORIZED", `This is not ${name}.`, { oauthError: "invalid_token", hint });
}

/**
 * Refuses a request for the metrics or the detailed health without `METRICS_TOKEN`. While that is not set, both are open in
 * development only: elsewhere they are `NOT_FOUND`, so that a forgotten secret publishes nothing.
 */
export function refuseMonitor({ settings }: Context, authorization: string | undefined): Problem | null {
  const { environment, metricsToken } = settings;
  if (metricsToken !== undefined) return refuseWithoutToken(authorization, metricsToken, "METRICS_TOKEN");
  return environment === "development" ? null : problem("NOT_FOUND");
}
