/** The set-up: creates the operator's organization and its first admin, once. */
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
 * Checks the set-up token, before anything else of the request.
 *
 * @param authorization the `Authorization` header
 * @returns `NOT_FOUND` when the service has no set-up token, `UNAUTHORIZED` for another token; null for the right one
 */
export function refuseSetup(context: Context, authorization: string | undefined): Problem | null {
  const { setupToken } = context.settings;
  if (setupToken === undefined) return problem("NOT_FOUND");
  return refuseWithoutToken(authorization, setupToken, "the set-up token");
}

/**
 * Sets the service up. Of two concurrent calls, the unique index over the operator decides which is the first.
 *
 * @returns `ALREADY_SET_UP` after the first call
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
    // Before the set-up there is no organization, so a taken slug is the operator's too.
    if (violatesUnique(error, "organizations.")) return problem("ALREADY_SET_UP");
    throw error;
  }
}
