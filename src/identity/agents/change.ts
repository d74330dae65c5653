/** Changing an agent: its fields, its key, and whether it is active. */

import type { SQL } from "drizzle-orm";
import { type Powers, refuseAdminScope, refuseGrant, refuseTakeover } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { isReservedScope } from "../../access/scopes.ts";
import { differences } from "../../events/change.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import type { HeldTarget } from "../../ledger/contract.ts";
import { commitHeld, expectChange, withdraw } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { jwkThumbprint, type PublicJwk } from "../../platform/crypto/jwk.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import type { AgentId } from "../../platform/ids.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { keepUsableAdmin, scopesOfUsableAdmin } from "../credentials/service.ts";
import { delegationsEndedBy } from "../delegation/service.ts";
import { type NewAgentKey, newAgentKey } from "./keys.ts";
import { eventData, publicAgent } from "./public-agent.ts";
import { type Agent, type ChangeAgent, reservedCapability } from "./schema.ts";
import {
  type AgentChange,
  type AgentRecord,
  findAgent,
  insertKeyIfChanged,
  isEmailTaken,
  retireKeyIfChanged,
  updateAgent,
} from "./store.ts";

/**
 * Changes the fields that the input names. Suspending ends the agent's tokens and sign-ins before this returns;
 * reactivating makes no old token active. An input that changes nothing returns the agent as it is.
 *
 * @returns `AGENT_ALREADY_DECOMMISSIONED`, `PRECONDITION_FAILED`, `AGENT_ALREADY_EXISTS` when the new e-mail is taken, `FORBIDDEN` for powers
 *   beyond what the caller may grant, for an admin when the caller is none, and for suspending the last usable admin
 */
export async function changeAgent(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  input: ChangeAgent,
  preconditions: Preconditions,
): Promise<Result<Agent>> {
  try {
    return await untilWritten(() => attempt(context, caller, agentId, input, preconditions));
  } catch (error) {
    if (violatesUnique(error, "agents.email")) return problem("AGENT_ALREADY_EXISTS");
    throw error;
  }
}

/** An admin can undo the suspension of an agent that is no admin, so it needs only the scope of the route, as a change of nothing. */
const isReversible = ({ role }: AgentRecord, change: AgentChange): boolean =>
  role !== "admin" && Object.entries(change).every(([field, value]) => field === "status" && value === "suspended");

async function attempt(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  input: ChangeAgent,
  preconditions: Preconditions,
): Promise<Result<Agent> | null> {
  const before = await findAgent(context, caller.organizationId, agentId);
  if (!before) return problem("AGENT_NOT_FOUND");
  if (before.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const { publicKeyJwk, ...wanted } = input;
  const change = differences(before, wanted);
  // null asks for a key that the service makes, which is another one each time.
  const replacesKey = publicKeyJwk === null || (publicKeyJwk && !(await isSameKey(publicKeyJwk, before.publicKeyJwk)));

  const refused =
    (isReversible(before, change) && !replacesKey ? null : refuseTakeover(caller, before)) ??
    refuseGrant(caller, additions(before, change)) ??
    refuseAdditions(before, change);
  if (refused) return refused;
  const lost = before.role === "admin" ? lostBy(change, publicKeyJwk) : null;
  const admin = lost && keepUsableAdmin(context, { organizationId: before.organizationId, agentId, lost });
  const last = (await admin?.refuse()) ?? refuseUnmet(preconditions, publicAgent(context, before));
  if (last) return last;

  // Before the ledger revokes anything: a refused change revokes nothing. The index decides between two at once.
  if (change.email && (await isEmailTaken(context, before.organizationId, change.email))) {
    return problem("AGENT_ALREADY_EXISTS");
  }
  const key = replacesKey ? await newAgentKey(context, agentId, before.keyNumber + 1, publicKeyJwk) : null;
  if (key && !key.ok) return key;
  if (!key && Object.keys(change).length === 0) return ok(publicAgent(context, before));
  return write(context, caller, before, change, key ? key.value : null, admin?.remains);
}

/** Informs the ledger, then writes the change, the key and their events, unless the agent changed since it was read. */
async function write(
  context: Context,
  caller: Caller,
  before: AgentRecord,
  { status, ...fields }: AgentChange,
  key: NewAgentKey | null,
  also: SQL | undefined,
): Promise<Result<Agent> | null> {
  const { id: agentId, organizationId } = before;
  const revoked = revocationOf(before, status, fields);
  const unbound: HeldTarget[] = fields.dpopRequired ? [{ kind: "unbound", agentId }] : [];
  const targets = revoked ? [revoked, ...unbound] : unbound;
  const hold = await (targets.length > 0
    ? withdraw(context, organizationId, targets)
    : expectChange(context, organizationId, agentId));

  const updatedAt = nextVersion(context, before);
  const after: AgentRecord = {
    ...before,
    ...fields,
    ...(status ? { status } : {}),
    ...(key ? { publicKeyJwk: key.publicJwk, keyNumber: key.number } : {}),
    updatedAt,
  };
  const subject = { organizationId, agentId, target: agentId, data: eventData(context, after) };
  const actor = actorOf(context, caller);
  const changed = [...Object.keys(fields), ...(key ? ["publicKeyJwk"] : [])];
  const events = [
    ...(changed.length > 0
      ? [newEvent(context, actor, { ...subject, action: "agent.updated", details: { changed } })]
      : []),
    ...(status === "active"
      ? [newEvent(context, actor, { ...subject, action: "agent.reactivated", details: {} })]
      : []),
    ...(status === "suspended"
      ? [newEvent(context, actor, { ...subject, action: "agent.suspended", details: {} })]
      : []),
  ];
  const update = updateAgent(context, before, { ...fields, ...(status ? { status } : {}), updatedAt }, [also]);
  const written = await commitHeld(
    context,
    hold,
    [update, ...(key ? [retireKeyIfChanged(context, agentId, updatedAt), insertKeyIfChanged(context, key)] : [])],
    events,
    revoked ? [delegationsEndedBy(context, organizationId, revoked)] : [],
  );
  return written && ok(publicAgent(context, after));
}

/** What the change takes of an admin: its powers, or its own key as a way to sign in; null for neither. */
function lostBy(
  { status, grantedScopes }: AgentChange,
  publicKeyJwk: ChangeAgent["publicKeyJwk"],
): "admin" | "own_key" | null {
  const held: readonly string[] | undefined = grantedScopes;
  if (status === "suspended" || (held && !scopesOfUsableAdmin.every((scope) => held.includes(scope)))) return "admin";
  return publicKeyJwk === null ? "own_key" : null;
}

/** What the ledger revokes: the whole agent, or the scopes that the agent loses; null for neither. */
function revocationOf(before: AgentRecord, status: AgentChange["status"], fields: AgentChange): HeldTarget | null {
  const { id: agentId } = before;
  if (status === "suspended") return { kind: "agent", agentId };
  const { capabilities, grantedScopes } = { ...before, ...fields };
  // Each by itself: a capability of an old agent can have the name of a platform scope.
  const scopes = [
    ...before.capabilities.filter((capability) => !capabilities.includes(capability)),
    ...before.grantedScopes.filter((scope) => !grantedScopes.includes(scope)),
  ];
  return scopes.length > 0 ? { kind: "scopes", agentId, scopes } : null;
}

/** What the agent would have and does not have now. */
function additions(before: AgentRecord, { capabilities = [], grantedScopes = [] }: AgentChange): Powers {
  return {
    capabilities: capabilities.filter((capability) => !before.capabilities.includes(capability)),
    grantedScopes: grantedScopes.filter((scope) => !before.grantedScopes.includes(scope)),
  };
}

/** Refuses `admin:orgs` of an agent that is no admin, and a reserved name that the agent does not have already. */
function refuseAdditions(before: AgentRecord, change: AgentChange): Problem | null {
  const { role } = before;
  const reserved = additions(before, change).capabilities.filter(isReservedScope);
  if (reserved.length === 0) return refuseAdminScope({ role, grantedScopes: change.grantedScopes ?? [] });
  const issues = reserved.map((received) => ({ path: "capabilities", message: reservedCapability, received }));
  return invalid(issues);
}

/** Whether the two name the same key in the same way; the thumbprint (RFC 7638) leaves `kid`, `use` and `alg` out. */
async function isSameKey(a: PublicJwk, b: PublicJwk): Promise<boolean> {
  if (a.kid !== b.kid || a.use !== b.use || a.alg !== b.alg) return false;
  return (await jwkThumbprint(a)) === (await jwkThumbprint(b));
}
