/** The rules of membership: which agent of an organization is a member, and which an admin. */

import { refuseUnlessAdmin } from "../../../access/authority.ts";
import type { Caller } from "../../../access/caller.ts";
import { newEvents } from "../../../events/outbox.ts";
import { commitHeld, expectChange } from "../../../ledger/held-change.ts";
import type { Context } from "../../../platform/context.ts";
import { untilWritten } from "../../../platform/db/conditional.ts";
import { type Page, type PageRequest, pageOf } from "../../../platform/http/pagination.ts";
import { type AgentId, agentIdSchema, type OrganizationId } from "../../../platform/ids.ts";
import { problem } from "../../../platform/problems/problems.ts";
import { ok, type Result } from "../../../platform/problems/result.ts";
import { readOrganization } from "../../../tenancy/organizations/service.ts";
import { keepUsableAdmin } from "../../credentials/service.ts";
import type { Member } from "./schema.ts";
import { listMembers as findMembers, findMembership, type Membership, updateRole } from "./store.ts";

/** The members of an organization, newest agent first. */
export async function listMembers(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  request: PageRequest,
): Promise<Result<Page<Member>>> {
  const organization = await readOrganization(context, caller, organizationId);
  if (!organization.ok) return organization;
  return pageOf({ name: "members", organizationId }, agentIdSchema, request, {
    read: (page) => findMembers(context, organizationId, page),
    keyOf: ({ agentId }) => agentId,
    show: (member) => member,
  });
}

/**
 * Gives an agent the role member or admin.
 *
 * @returns `AGENT_NOT_FOUND` for an agent of another organization or a decommissioned one, `FORBIDDEN` for demoting the
 *   last usable admin
 */
export function setMember(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  { agentId, role }: Member,
): Promise<Result<Member>> {
  return changeRole(context, caller, organizationId, agentId, async (membership) => {
    if (membership.role !== role)
      return writeRole(context, caller, organizationId, membership, role, { agentId, role });
    return ok({ agentId, role });
  });
}

/**
 * Removes an agent's role. The agent can still act, but can grant nothing.
 *
 * @returns `AGENT_NOT_FOUND` when it is no member, `FORBIDDEN` for the last usable admin
 */
export function removeMember(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  agentId: AgentId,
): Promise<Result<undefined>> {
  return changeRole(context, caller, organizationId, agentId, async (membership) => {
    if (membership.role !== null) return writeRole(context, caller, organizationId, membership, null, undefined);
    return problem("AGENT_NOT_FOUND", "No member of the organization has this id.");
  });
}

/** Reads the agent's membership and decides on it; repeats this while another change comes between. */
async function changeRole<T>(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  agentId: AgentId,
  decide: (membership: Membership) => Promise<Result<T> | null>,
): Promise<Result<T>> {
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  const organization = await readOrganization(context, caller, organizationId);
  if (!organization.ok) return organization;
  return untilWritten(async () => {
    const membership = await findMembership(context, organizationId, agentId);
    return membership ? decide(membership) : problem("AGENT_NOT_FOUND");
  });
}

/** Writes the role and its events; null when the agent's role has changed since it was read. */
async function writeRole<T>(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  membership: Membership,
  role: Membership["role"],
  value: T,
): Promise<Result<T> | null> {
  const { agentId } = membership;
  const admin = role === "admin" ? null : keepUsableAdmin(context, { organizationId, agentId, lost: "admin" });
  const last = await admin?.refuse();
  if (last) return last;
  const hold = await expectChange(context, organizationId, agentId);
  const events = newEvents(context, caller, {
    organizationId,
    action: role ? "member.set" : "member.removed",
    agentId,
    target: agentId,
    details: { role: { from: membership.role, to: role } },
    data: { agentId, role },
  });
  const update = updateRole(context, organizationId, membership, role, context.now(), admin?.remains);
  return (await commitHeld(context, hold, [update], events)) && { ok: true, value };
}
