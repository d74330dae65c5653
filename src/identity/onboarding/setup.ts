/** The set-up: makes the operator's organization and its first admin, once in the life of the service. */
import { ensureSigningKeys } from "../../keys/service.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { findOperator } from "../../platform/db/organizations.ts";
import { refuseWithoutToken } from "../../platform/http/bearer.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import type { Result } from "../../platform/problems/result.ts";
import type { SetUp, Setup } from "./schema.ts";
import { onboard } from "./service.ts";

/**
 * Checks the set-up token before anything else of the request is looked at.
 *
 * @param authorization the `Authorization` header
 * @returns `NOT_FOUND` when the service has no set-up token, `UNAUTHORIZED` when this is not it; null when it is
 */
export function refuseSetup(context: Context, authorization: string | undefined): Problem | null {
  const { setupToken } = context.settings;
  if (setupToken === undefined) return problem("NOT_FOUND");
  return refuseWithoutToken(authorization, setupToken, "the set-up token");
}

/**
 * Sets the service up. The unique index over the operator decides which of two at once is the first.
 *
 * @returns `ALREADY_SET_UP` ever after
 */
export async function setUp(
  context: Context,
  { organizationName: name, slug, adminEmail }: Setup,
): Promise<Result<SetUp>> {
  if (await findOperator(context)) return problem("ALREADY_SET_UP");
  await ensureSigningKeys(context);
  const limits = { planTier: "enterprise", maxAgents: null, maxTokensPerMonth: null } as const;
  try {
    return await onboard(context, null, { name, slug, ...limits, isOperator: true }, adminEmail);
  } catch (error) {
    // Until there is an operator there is no other organization, so a taken slug is the operator's too.
    if (violatesUnique(error, "organizations.")) return problem("ALREADY_SET_UP");
    throw error;
  }
}
