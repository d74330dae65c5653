/** Creates an organization together with its first admin agent. */
import { refuseUnlessAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { grantableScopes } from "../../access/scopes.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import type { Scope } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import {
  type OrganizationFields,
  prepareOrganization,
  publicOrganization,
} from "../../tenancy/organizations/service.ts";
import { prepareAgent } from "../agents/service.ts";
import { prepareCredential } from "../credentials/service.ts";
import type { CreatedOrganization, CreateOrganization, Onboarded } from "./schema.ts";

/**
 * Stores an organization, its first admin with a key and a credential, and their events, in one batch. The result has the
 * client secret, which is not stored.
 *
 * @param caller the creator; null for the set-up
 * @throws the database's error when a unique index refuses the organization
 */
export async function onboard(
  context: Context,
  caller: Caller | null,
  fields: OrganizationFields,
  email: string,
): Promise<Result<Onboarded>> {
  const { organization, statement, created } = prepareOrganization(context, caller, fields);
  const prepared = await prepareAgent(
    context,
    {
      organizationId: organization.id,
      email,
      agentType: "custom",
      version: "1.0.0",
      capabilities: ["organization:administer" as Scope],
      owner: organization.slug,
      deploymentEnv: "production",
      description: null,
      grantedScopes: grantableScopes as readonly string[] as readonly Scope[],
      role: "admin",
      isPublic: false,
      dpopRequired: false,
      idTokenSignedResponseAlg: "RS256",
    },
    null,
  );
  if (!prepared.ok) return prepared;
  const { agent, ...agentMade } = prepared.value;
  const { credential, ...credentialMade } = prepareCredential(context, organization.id, agent.id, null);
  const actor = actorOf(context, caller);
  const made = [agentMade.created, credentialMade.generated].map((event) => newEvent(context, actor, event));
  const statements = [statement, ...agentMade.statements, credentialMade.statement] as const;
  const { clientId, credentialId, clientSecret } = credential;
  const onboarded = {
    organization: publicOrganization(organization),
    admin: { agentId: agent.id, email, clientId, credentialId, clientSecret },
  };
  const answered = await answering(context, createdOrganization(onboarded), agent.id);
  await commitChange(answered, statements, [...created, ...made]);
  return ok(onboarded);
}

const createdOrganization = ({ organization, admin }: Onboarded): CreatedOrganization => ({ ...organization, admin });

/**
 * Creates an organization with its first admin.
 *
 * @returns `FORBIDDEN` unless the caller is an admin of the operator's organization, `SLUG_TAKEN` also for the slug of a
 *   deleted organization
 */
export async function createOrganization(
  context: Context,
  caller: Caller,
  { adminEmail, name, slug, planTier = "free", maxAgents = null, maxTokensPerMonth = null }: CreateOrganization,
): Promise<Result<CreatedOrganization>> {
  const refused = refuseUnlessAdmin(caller);
  if (refused) return refused;
  if (!caller.isOperator) return problem("FORBIDDEN", "Only the operator's organization may create organizations.");
  const fields = { name, slug, planTier, maxAgents, maxTokensPerMonth, isOperator: false };
  try {
    const made = await onboard(context, caller, fields, adminEmail);
    return made.ok ? ok(createdOrganization(made.value)) : made;
  } catch (error) {
    if (violatesUnique(error, "organizations.slug")) return problem("SLUG_TAKEN");
    throw error;
  }
}
