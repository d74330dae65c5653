/** CC7.3: verifies the audit chains of all organizations in rounds, each chain at least once in 24 hours. */
import { z } from "@hono/zod-openapi";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { type OrganizationId, organizationIdSchema } from "../../../platform/ids.ts";
import type { Run } from "../../../platform/scheduled.ts";
import { longestPendingMs, oldestPendingMs } from "../../../platform/telemetry/pending-events.ts";
import { dayMs, hourMs } from "../../../platform/time.ts";
import {
  findUnverified,
  type Slice,
  summarizeVerifications,
  type VerificationSummary,
  verifySlice,
} from "../../../tenancy/audit/service.ts";
import { type Check, type CheckResult, duration } from "../measuring.ts";

/** The bounds of one run. */
const eventsEachRun = 10_000;
const chainsEachRun = 25;
/** The evidence, the pages of the events and of the checkpoints, and the result; some are left for the other controls. */
const queriesOfSlice = 24;
/** Unreachable chains in one run, so that they leave room for the others. */
const retriesEachRun = 5;
const mostUnreachable = 100;
/** A chain is verified again after this time, or in the next run when it is broken. */
const intervalMs = hourMs;
const oldestMs = dayMs;

const progressSchema = z.object({
  /** The place in a chain that is too long for one run. */
  link: z
    .object({
      organizationId: organizationIdSchema,
      sequence: z.int(),
      hash: z.string(),
      startedAtMs: z.int(),
      events: z.int(),
    })
    .nullable(),
  /** The chains whose ledger did not answer. */
  unreachable: z.array(organizationIdSchema),
});
type Progress = z.output<typeof progressSchema>;

/** The chains of this run, in their order: the one under way, some of the unreachable, the longest unverified. */
async function chainsOf(context: Context, { link, unreachable }: Progress): Promise<readonly OrganizationId[]> {
  const first = [...(link ? [link.organizationId] : []), ...unreachable.slice(0, retriesEachRun)];
  const known = [...first, ...unreachable];
  const due = await findUnverified(context, context.now() - intervalMs, known, chainsEachRun - first.length);
  return [...first, ...due];
}

/** null: the ledger of the organization did not answer. */
async function sliceOrNull(...parameters: Parameters<typeof verifySlice>): Promise<Slice | null> {
  try {
    return await verifySlice(...parameters);
  } catch (error) {
    // The other chains must still be verified.
    if (error instanceof DependencyDown) return null;
    throw error;
  }
}

/** Verifies the chains of one run. */
async function verifySome(context: Context, run: Run, earlier: Progress): Promise<Progress> {
  let unreachable = earlier.unreachable;
  let left = eventsEachRun;
  for (const organizationId of await chainsOf(context, earlier)) {
    if (left <= 0 || run.queriesLeft() < queriesOfSlice) break;
    const from = earlier.link?.organizationId === organizationId ? earlier.link : null;
    const slice = await sliceOrNull(context, organizationId, from, left);
    unreachable = unreachable.filter((id) => id !== organizationId);
    if (!slice) unreachable = [...unreachable, organizationId].slice(-mostUnreachable);
    left -= slice?.checkedCount ?? 0;
    if (slice && !slice.isLast) return { link: { organizationId, ...slice.link }, unreachable };
  }
  return { link: null, unreachable };
}

/** The result of all verifications up to now, also those of requests and reports. */
function resultOf(summary: VerificationSummary, progress: Progress, pendingMs: number, nowMs: number): CheckResult {
  const { verified, events, broken, gaps, oldestMs: sinceMs, waitingSinceMs } = summary;
  const result = (status: CheckResult["status"], evidence: string): CheckResult => {
    return { status, evidence, progress, lastCheckedAt: sinceMs };
  };
  if (broken > 0) return result("fail", `${amount(broken, "audit log")} tampered with`);
  if (pendingMs > longestPendingMs)
    return result("fail", `An audit log lacks events of the last ${duration(pendingMs)}`);
  if (sinceMs === null) return result("unknown", "The first verification of the audit logs is not complete");
  const ageMs = nowMs - sinceMs;
  if (ageMs > oldestMs) return result("fail", `The oldest verification of an audit log is ${duration(ageMs)} old`);
  if (waitingSinceMs !== null && nowMs - waitingSinceMs > oldestMs) {
    return result("unknown", "Some audit logs wait for their first verification");
  }
  const { length } = progress.unreachable;
  if (length > 0) return result("unknown", `${amount(length, "audit log")} could not be reached`);
  const hours = Math.ceil((ageMs + 1) / hourMs);
  const lost = gaps > 0 ? `; ${amount(gaps, "gap")} known and accepted` : "";
  const what = `${amount(verified, "log")} with ${amount(events, "event")}`;
  return result("pass", `${what} verified within ${hours}\u00a0h${lost}`);
}

export const auditLogIntegrity: Check = async (context, run) => {
  const earlier = progressSchema.safeParse(run.previous?.progress).data ?? { link: null, unreachable: [] };
  const progress = await verifySome(context, run, earlier);
  const [summary, pendingMs] = await Promise.all([summarizeVerifications(context), oldestPendingMs(context)]);
  return resultOf(summary, progress, pendingMs ?? 0, context.now());
};
