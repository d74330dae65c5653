/** The set-up: creates the operator's organization and its first admin, once. */
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ensureSigningKeys } from "../../keys/service.ts";
import { commitHeld, expectChange } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { findOperator } from "../../platform/db/organizations.ts";
import { refuseWithoutToken } from "../../platform/http/bearer.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { findAgent } from "../agents/service.ts";
import { prepareCredential } from "../credentials/service.ts";
import type { NewSetup, Recovery, SetUpResult } from "./schema.ts";
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
async function setUp(
  context: Context,
  { organizationName: name, slug, adminEmail }: NewSetup,
): Promise<Result<SetUpResult>> {
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

/**
 * Gives an admin of the operator's organization one new credential, also beyond the most that an agent may have: the way back
 * when every way to sign in is lost.
 *
 * @returns `AGENT_NOT_FOUND` for every agent that is not an active admin of the operator's organization
 */
async function recover(context: Context, { recoverAgentId: agentId }: Recovery): Promise<Result<SetUpResult>> {
  const organizationId = await findOperator(context);
  const admin = organizationId && (await findAgent(context, organizationId, agentId));
  const unknown = problem("AGENT_NOT_FOUND", "No active admin of the operator's organization has this id.");
  if (!organizationId || !admin || admin.role !== "admin" || admin.status !== "active") return unknown;
  const prepared = prepareCredential(context, organizationId, agentId, null, Number.MAX_SAFE_INTEGER);
  const { credential, statement, generated } = prepared;
  const hold = await expectChange(context, organizationId, agentId);
  const { credentialId, clientId, clientSecret } = credential;
  const actor = actorOf(context, null);
  const recovered = { ...generated, action: "setup.recovered" as const, details: {} };
  const events = [newEvent(context, actor, generated), newEvent(context, actor, recovered)];
  if (!(await commitHeld(context, hold, [statement], events))) return unknown;
  return ok({ admin: { agentId, email: admin.email, clientId, credentialId, clientSecret } });
}

/** Sets the service up, or gives an admin of the operator's organization a new credential. */
export const setUpOrRecover = (context: Context, input: NewSetup | Recovery): Promise<Result<SetUpResult>> =>
  "recoverAgentId" in input ? recover(context, input) : setUp(context, input);
