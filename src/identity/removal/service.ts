/**
 * Removes what has no use any more. Of a decommissioned agent: its private keys, the hashes of its secrets, its trust policies, its
 * sessions of the console.
 * Of a deleted organization: the same for all agents, their e-mails and owners, the webhooks with their deliveries, and the kept
 * answers to its requests.
 *
 * The records say by themselves what is left (`cleared_at`), so a run that ends early is continued by the next one, and two
 * concurrent runs do no harm. A run has bounded steps, each with a few statements for many rows.
 */
import { removeAnswersAbout, removeRequestsOf } from "../../access/idempotency/service.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { inLanes } from "../../platform/lanes.ts";
import { log } from "../../platform/log.ts";
import type { ScheduledPart } from "../../platform/scheduled.ts";
import {
  countOrganizationsToClear,
  markOrganizationsCleared,
  organizationsToClear,
} from "../../tenancy/organizations/service.ts";
import { eraseInDeliveries, mayShowErased, removeWebhooksOf } from "../../tenancy/webhooks/service.ts";
import {
  agentsToClear,
  agentsToErase,
  countToClear,
  endAndErase,
  erasedTexts,
  markCleared,
  removePrivateKeys,
} from "../agents/service.ts";
import { removeSessionsOf } from "../console/service.ts";
import { removeSecrets } from "../credentials/service.ts";
import { removePoliciesOf } from "../workloads/service.ts";

/** The agents of one step, and the steps of one run. */
const agentsAtOnce = 1_000;
const stepsEachRun = 4;
const organizationsEachRun = 50;
const deliveriesAtOnce = 5_000;
const requestsAtOnce = 5_000;
const ledgersAtOnce = 10;

/** Removes all ways of the agents to sign in. They are decommissioned, or about to be in the same batch. */
const removeWaysIn = (context: Context, agentIds: readonly AgentId[]) =>
  [
    removeSecrets(context, agentIds, context.now()),
    removePoliciesOf(context, agentIds),
    removePrivateKeys(context, agentIds),
    removeSessionsOf(context, agentIds),
  ] as const;

const withErasedTexts = (agentIds: readonly AgentId[]) =>
  agentIds.map((agentId) => ({ agentId, ...erasedTexts(agentId) }));

/** Ends and erases agents of the organizations; returns whether these were all. */
async function eraseSomeAgents(context: Context, organizationIds: readonly OrganizationId[]): Promise<boolean> {
  const rows = await agentsToErase(context, organizationIds, agentsAtOnce);
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    const erase = endAndErase(context, withErasedTexts(ids), context.now());
    await context.db.batch([...removeWaysIn(context, ids), erase, ...removeAnswersAbout(context, ids)]);
  }
  return ids.length < agentsAtOnce;
}

/** Lets a ledger remove the addresses and the other rows that have expired: its alarm follows each call. */
async function wakeLedger(context: Context, organizationId: OrganizationId): Promise<OrganizationId[]> {
  try {
    await ledgerOf(context, organizationId).record([]);
    return [organizationId];
  } catch (error) {
    log.warn(context, "the removal waits for a ledger", { organizationId, error });
    return [];
  }
}

async function clearOrganizations(context: Context): Promise<void> {
  const ids = await organizationsToClear(context, organizationsEachRun);
  if (ids.length === 0) return;
  for (let step = 0; step < stepsEachRun && !(await eraseSomeAgents(context, ids)); step++);
  await context.db.batch([
    ...removeWebhooksOf(context, ids, deliveriesAtOnce),
    removeRequestsOf(context, ids, requestsAtOnce),
  ]);
  const awake = (await inLanes(ledgersAtOnce, ids, (id) => wakeLedger(context, id))).flat();
  await markOrganizationsCleared(context, awake, context.now());
}

/** Clears some decommissioned agents; returns whether these were all. */
async function clearSomeAgents(context: Context): Promise<boolean> {
  const rows = await agentsToClear(context, agentsAtOnce);
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    const erased = rows.flatMap(({ id, erasedAt }) => (erasedAt === null ? [] : [id]));
    await context.db.batch([
      ...removeWaysIn(context, ids),
      eraseInDeliveries(context, withErasedTexts(erased), deliveriesAtOnce),
      markCleared(context, ids, mayShowErased(context.now()), context.now()),
    ]);
  }
  return ids.length < agentsAtOnce;
}

async function removeSome(context: Context): Promise<number> {
  await clearOrganizations(context);
  for (let step = 0; step < stepsEachRun && !(await clearSomeAgents(context)); step++);
  const [agents, organizations] = await Promise.all([countToClear(context), countOrganizationsToClear(context)]);
  return agents + organizations;
}

/** Removes what has no use any more. What waits are agents and organizations. */
export const removal: ScheduledPart = { name: "removal", queries: 64, run: removeSome };
