/** The rules of organizations: the operator's organization manages all organizations, every other one only itself. */
import { refuseUnlessAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import type { DomainEvent, EventName } from "../../events/catalogue.ts";
import { differences, fromTo } from "../../events/change.ts";
import { newEvents } from "../../events/outbox.ts";
import { commitHeld, expectChange, withdraw } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { newId, type OrganizationId, organizationIdSchema } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf } from "../../platform/time.ts";
import type { ChangeOrganization, PublicOrganization } from "./schema.ts";
import {
  findOrganization,
  insertOrganization,
  listLiveOrganizations,
  type Organization,
  type OrganizationChange,
  updateOrganization,
} from "./store.ts";

export {
  countOrganizationsToClear,
  findOrganization,
  markOrganizationsCleared,
  type Organization,
  organizationsToClear,
  updateOrganization,
} from "./store.ts";

/** The wire form of an organization. */
export function publicOrganization(organization: Organization): PublicOrganization {
  const { id, name, slug, planTier, maxAgents, maxTokensPerMonth, status, createdAt, updatedAt } = organization;
  return {
    organizationId: id,
    name,
    slug,
    planTier,
    maxAgents,
    maxTokensPerMonth,
    status,
    createdAt: isoOf(createdAt),
    updatedAt: isoOf(updatedAt),
  };
}

/** One organization: the caller's own, or any for the operator. Otherwise `ORGANIZATION_NOT_FOUND`. */
export async function readOrganization(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
): Promise<Result<Organization>> {
  const own = caller.organizationId === organizationId;
  const organization = own || caller.isOperator ? await findOrganization(context, organizationId) : null;
  return organization ? ok(organization) : problem("ORGANIZATION_NOT_FOUND");
}

/** A page of the organizations that the caller may read, newest first. */
export async function listOrganizations(
  context: Context,
  { organizationId, isOperator }: Caller,
  request: PageRequest,
): Promise<Result<Page<PublicOrganization>>> {
  return pageOf({ name: "organizations", organizationId }, organizationIdSchema, request, {
    read: (page) => listLiveOrganizations(context, { ...page, only: isOperator ? null : organizationId }),
    keyOf: ({ id }) => id,
    show: publicOrganization,
  });
}

/** The fields that the creator of an organization sets. */
export type OrganizationFields = Omit<Organization, "id" | "status" | "createdAt" | "updatedAt" | "clearedAt">;

/**
 * Prepares an active organization. Stores nothing: the caller runs the statement and stores the events in the batch that also
 * stores the first admin.
 *
 * @param caller the creator; null for the set-up
 */
export function prepareOrganization(context: Context, caller: Caller | null, fields: OrganizationFields) {
  const now = context.now();
  const id = newId<OrganizationId>(now);
  const organization: Organization = {
    id,
    ...fields,
    status: "active",
    createdAt: now,
    updatedAt: now,
    clearedAt: null,
  };
  const { name, slug, planTier, maxAgents, maxTokensPerMonth } = organization;
  const created = newEvents(context, caller, {
    organizationId: id,
    action: "organization.created",
    agentId: null,
    target: id,
    details: { name, slug, planTier, maxAgents, maxTokensPerMonth },
    data: publicOrganization(organization),
  });
  return { organization, statement: insertOrganization(context, organization), created };
}

/** The fields that only the operator may change. */
const operatorsFields = ["planTier", "maxAgents", "maxTokensPerMonth", "status"] as const;

/**
 * Changes an organization. A suspension revokes all its tokens and refuses sign-in before this returns.
 *
 * @returns `PRECONDITION_FAILED`, `FORBIDDEN` for a field that only the operator may change, and for a suspension of the operator's own organization
 */
export async function changeOrganization(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  input: ChangeOrganization,
  preconditions: Preconditions,
): Promise<Result<PublicOrganization>> {
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  return untilWritten(async () => {
    const found = await readOrganization(context, caller, organizationId);
    if (!found.ok) return found;
    const before = found.value;
    const forbidden = caller.isOperator ? [] : operatorsFields.filter((field) => input[field] !== undefined);
    if (forbidden.length > 0) return problem("FORBIDDEN", `Only the operator may change ${forbidden.join(", ")}.`);
    if (before.isOperator && input.status === "suspended") {
      return problem("FORBIDDEN", "The operator's own organization cannot be suspended.");
    }
    const unmet = refuseUnmet(preconditions, publicOrganization(before));
    if (unmet) return unmet;
    const change = differences(before, input);
    if (Object.keys(change).length === 0) return ok(publicOrganization(before));
    return writeChange(context, caller, before, change);
  });
}

/**
 * Deletes an organization: revokes all its tokens and refuses sign-in. Its slug stays taken; its record stays for the audit.
 *
 * @returns `PRECONDITION_FAILED`, `FORBIDDEN` for the operator's own organization
 */
export async function deleteOrganization(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  preconditions: Preconditions,
): Promise<Result<undefined>> {
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  return untilWritten(async () => {
    const found = await readOrganization(context, caller, organizationId);
    if (!found.ok) return found;
    if (found.value.isOperator) return problem("FORBIDDEN", "The operator's own organization cannot be deleted.");
    const unmet = refuseUnmet(preconditions, publicOrganization(found.value));
    if (unmet) return unmet;
    const written = await writeChange(context, caller, found.value, { status: "deleted" });
    return written && ok();
  });
}

const statusActions = {
  active: "organization.reactivated",
  suspended: "organization.suspended",
  deleted: "organization.deleted",
} as const satisfies Record<Organization["status"], EventName>;

/** Informs the ledger, then writes the change and its events; null when the organization has changed since it was read. */
async function writeChange(
  context: Context,
  caller: Caller,
  before: Organization,
  change: OrganizationChange,
): Promise<Result<PublicOrganization> | null> {
  const { id: organizationId } = before;
  const revokes = change.status === "suspended" || change.status === "deleted";
  const hold = await (revokes
    ? withdraw(context, organizationId, { kind: "organization" })
    : expectChange(context, organizationId, null));

  const updatedAt = nextVersion(context, before);
  const after: Organization = { ...before, ...change, updatedAt };
  const { status, planTier, ...fields } = change;
  const eventsOf = (action: EventName, changed: OrganizationChange): DomainEvent[] =>
    newEvents(context, caller, {
      organizationId,
      action,
      agentId: null,
      target: organizationId,
      details: fromTo(before, after, changed),
      data: publicOrganization(after),
    });
  const events = [
    ...(Object.keys(fields).length > 0 ? eventsOf("organization.updated", fields) : []),
    ...(planTier ? eventsOf("tier.changed", { planTier }) : []),
    ...(status ? eventsOf(statusActions[status], { status }) : []),
  ];
  const written = await commitHeld(context, hold, [updateOrganization(context, before, change, updatedAt)], events);
  return written && ok(publicOrganization(after));
}
