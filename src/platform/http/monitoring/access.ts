/** Who may see how the service does: whoever has `METRICS_TOKEN`, or everybody while none is set. */
import type { Context } from "../../context.ts";
import type { Problem } from "../../problems/problems.ts";
import { refuseWithoutToken } from "../bearer.ts";

/**
 * Refuses whoever does not have the token.
 *
 * @param authorization the `Authorization` header
 * @returns `UNAUTHORIZED`, or null for who may see
 */
export function refuseMonitor({ settings }: Context, authorization: string | undefined): Problem | null {
  const { metricsToken } = settings;
  return metricsToken === undefined ? null : refuseWithoutToken(authorization, metricsToken, "METRICS_TOKEN");
}
