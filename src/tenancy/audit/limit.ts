/** The limit of verifications that are made on request. */
import { ledgerOf } from "../../ledger/client.ts";
import { turnsPerMinute } from "../../ledger/turns.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { count } from "../../platform/telemetry/recording.ts";

/** Takes one of the verifications that an organization has in a minute; `RATE_LIMIT_EXCEEDED` when none is left. */
export async function refuseManyVerifications(
  context: Context,
  organizationId: OrganizationId,
): Promise<Problem | null> {
  const { admitted, retryAfterSeconds } = await ledgerOf(context, organizationId).admitTurn("verification");
  if (admitted) return null;
  count("agentidp_rate_limit_rejections_total", { limit: "auditVerifications" });
  return problem(
    "RATE_LIMIT_EXCEEDED",
    `An organization may verify its audit log ${turnsPerMinute.verification} times a minute.`,
    {
      headers: { "Retry-After": String(retryAfterSeconds) },
    },
  );
}
