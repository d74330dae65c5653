/** CC7.3: verifies the audit chains of all organizations in rounds, each chain at least once in 24 hours. */
import { z } from "@hono/zod-openapi";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import { organizationsAfter } from "../../../platform/db/organizations.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { organizationIdSchema } from "../../../platform/ids.ts";
import { dayMs, hourMs } from "../../../platform/time.ts";
import { type Slice, verifySlice } from "../../../tenancy/audit/service.ts";
import { type Check, type CheckResult, duration } from "../measuring.ts";

/** The most events and organizations of one run. */
const eventsEachRun = 10_000;
const organizationsEachRun = 25;
/** The least time between the starts of two rounds, unless the earlier one found a fault. */
const roundIntervalMs = hourMs;
const oldestMs = dayMs;

const roundSchema = z.object({
  /** Milliseconds since the epoch; the round verifies every chain after it. */
  startedAt: z.int(),
  organizations: z.int(),
  events: z.int(),
  broken: z.int(),
  unreachable: z.int(),
});
type Round = z.output<typeof roundSchema>;

const progressSchema = z.object({
  /** The current round, if any, and the last complete one. */
  round: roundSchema.nullable(),
  last: roundSchema.nullable(),
  /** The last organization that is complete. */
  after: organizationIdSchema.nullable(),
  /** The last verified link of an organization that is not complete. */
  link: z.object({ organizationId: organizationIdSchema, sequence: z.int(), hash: z.string() }).nullable(),
});
type Progress = z.output<typeof progressSchema>;

function isDue({ round, last }: Progress, nowMs: number): boolean {
  if (round || !last) return true;
  return last.broken + last.unreachable > 0 || nowMs - last.startedAt >= roundIntervalMs;
}

/** Verifies one run's part of a round. */
async function verifySome(context: Context, earlier: Progress): Promise<Progress> {
  let { after, link } = earlier;
  let round: Round = earlier.round ?? {
    startedAt: context.now(),
    organizations: 0,
    events: 0,
    broken: 0,
    unreachable: 0,
  };
  const organizations = await organizationsAfter(context, after, organizationsEachRun);
  let left = eventsEachRun;
  for (const organization of organizations) {
    if (left <= 0) return { ...earlier, round, after, link };
    let slice: Slice | null;
    try {
      const from = link?.organizationId === organization ? link : null;
      slice = await verifySlice(context, organization, from, left);
    } catch (error) {
      // One ledger that does not answer must not stop the round.
      if (!(error instanceof DependencyDown)) throw error;
      slice = null;
    }
    left -= slice?.checkedCount ?? 0;
    round = {
      ...round,
      events: round.events + (slice?.checkedCount ?? 0),
      broken: round.broken + (slice && !slice.isIntact ? 1 : 0),
      unreachable: round.unreachable + (slice ? 0 : 1),
    };
    if (slice && !slice.isLast) {
      link = { organizationId: organization, sequence: slice.link.sequence, hash: slice.link.hash };
      return { ...earlier, round, after, link };
    }
    link = null;
    after = organization;
    round = { ...round, organizations: round.organizations + 1 };
  }
  if (organizations.length === organizationsEachRun) return { ...earlier, round, after, link };
  return { round: null, last: round, after: null, link: null };
}

function resultOf(progress: Progress, nowMs: number): CheckResult {
  const { round, last } = progress;
  const broken = Math.max(round?.broken ?? 0, last?.broken ?? 0);
  if (broken > 0) return { status: "fail", progress, evidence: `${amount(broken, "audit log")} tampered with` };
  const sinceMs = last?.startedAt ?? round?.startedAt ?? nowMs;
  const ageMs = nowMs - sinceMs;
  if (ageMs > oldestMs) {
    return { status: "fail", progress, evidence: `The last round over all audit logs began ${duration(ageMs)} ago` };
  }
  if (!last) return { status: "unknown", progress, evidence: "The first round over all audit logs is not complete" };
  const { organizations, events, unreachable } = last;
  if (unreachable > 0) {
    return { status: "unknown", progress, evidence: `${amount(unreachable, "audit log")} could not be reached` };
  }
  const verified = `${amount(organizations, "log")} with ${amount(events, "event")}`;
  return {
    status: "pass",
    progress,
    evidence: `${verified} verified within ${Math.ceil((ageMs + 1) / hourMs)}\u00a0h`,
  };
}

export const auditLogIntegrity: Check = async (context, { previous }) => {
  const parsed = progressSchema.safeParse(previous?.progress);
  const earlier: Progress = parsed.data ?? { round: null, last: null, after: null, link: null };
  const nowMs = context.now();
  return resultOf(isDue(earlier, nowMs) ? await verifySome(context, earlier) : earlier, nowMs);
};
