/** CC7.3: the audit chains of all organizations are verified in turn, each at least once in 24 hours. */
import { z } from "@hono/zod-openapi";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import { organizationsAfter } from "../../../platform/db/organizations.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { organizationIdSchema } from "../../../platform/ids.ts";
import { dayMs, hourMs } from "../../../platform/time.ts";
import { type Slice, verifySlice } from "../../../tenancy/audit/service.ts";
import { type Check, duration, type Outcome } from "../measuring.ts";

/** What one run may look at. */
const eventsEachRun = 10_000;
const organizationsEachRun = 25;
/** A round does not begin sooner than this after the one before, unless that one found something. */
const roundIntervalMs = hourMs;
const oldestMs = dayMs;

const roundSchema = z.object({
  /** Milliseconds since the epoch; every chain of the round was verified after it. */
  startedAt: z.int(),
  organizations: z.int(),
  events: z.int(),
  broken: z.int(),
  unreachable: z.int(),
});
type Round = z.output<typeof roundSchema>;

const progressSchema = z.object({
  /** The round under way, if one is, and the last that came to its end. */
  round: roundSchema.nullable(),
  last: roundSchema.nullable(),
  /** The last organization that is done. */
  after: organizationIdSchema.nullable(),
  /** How far into an organization's chain the round has come. */
  link: z.object({ organizationId: organizationIdSchema, sequence: z.int(), hash: z.string() }).nullable(),
});
type Progress = z.output<typeof progressSchema>;

const sound: Pick<Round, "broken" | "unreachable"> = { broken: 0, unreachable: 0 };

function isDue({ round, last }: Progress, nowMs: number): boolean {
  if (round || !last) return true;
  return last.broken + last.unreachable > 0 || nowMs - last.startedAt >= roundIntervalMs;
}

/** Does a run's share of a round. */
async function verifySome(context: Context, earlier: Progress): Promise<Progress> {
  let { after, link } = earlier;
  let round: Round = earlier.round ?? { startedAt: context.now(), organizations: 0, events: 0, ...sound };
  const organizations = await organizationsAfter(context, after, organizationsEachRun);
  let left = eventsEachRun;
  for (const organization of organizations) {
    if (left <= 0) return { ...earlier, round, after, link };
    let slice: Slice | null;
    try {
      const from = link?.organizationId === organization ? link : null;
      slice = await verifySlice(context, organization, from, left);
    } catch (error) {
      // One ledger that does not answer must not keep the others from being looked at.
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

/** What the rounds say at this moment. */
function judged(progress: Progress, nowMs: number): Outcome {
  const { round, last } = progress;
  const broken = Math.max(round?.broken ?? 0, last?.broken ?? 0);
  if (broken > 0)
    return { status: "fail", progress, evidence: `${amount(broken, "audit log")} changed behind our back` };
  const sinceMs = last?.startedAt ?? round?.startedAt ?? nowMs;
  if (nowMs - sinceMs > oldestMs) {
    return {
      status: "fail",
      progress,
      evidence: `The last round over all audit logs began ${duration(nowMs - sinceMs)} ago`,
    };
  }
  if (!last) return { status: "unknown", progress, evidence: "The first round over all audit logs is under way" };
  const { organizations, events, unreachable } = last;
  if (unreachable > 0) {
    return { status: "unknown", progress, evidence: `${amount(unreachable, "audit log")} could not be reached` };
  }
  return {
    status: "pass",
    progress,
    evidence: `${amount(organizations, "log")} with ${amount(events, "event")} verified within ${Math.ceil((nowMs - sinceMs + 1) / hourMs)}\u00a0h`,
  };
}

export const auditLogIntegrity: Check = async (context, { previous }) => {
  const parsed = progressSchema.safeParse(previous?.progress);
  const earlier: Progress = parsed.data ?? { round: null, last: null, after: null, link: null };
  const nowMs = context.now();
  return judged(isDue(earlier, nowMs) ? await verifySome(context, earlier) : earlier, nowMs);
};
