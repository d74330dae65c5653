/** The calls of each organization by route and status class, on their way to its ledger, for its analytics. */
import type { Context } from "../context.ts";
import type { statusClasses } from "../db/schema.ts";
import type { OrganizationId } from "../ids.ts";

/** Calls that were answered alike. */
export interface AnsweredCalls {
  /** The UTC day, `2026-11-22`. */
  readonly day: string;
  /** The route's template, never a path. */
  readonly route: string;
  readonly statusClass: (typeof statusClasses)[number];
  readonly count: number;
}

/** Tells an organization's ledger of calls. Handed in by `worker.ts`, so that this floor knows no ledger. */
export type NoteCalls = (
  context: Pick<Context, "env">,
  organizationId: OrganizationId,
  calls: readonly AnsweredCalls[],
) => Promise<void>;

/** With a ledger that does not answer for long, new kinds of calls are dropped: a failure to count costs no memory either. */
const maxWaiting = 5_000;
/** Ledgers told in one go, so that a push stays far from the bound on a request's subrequests. */
const maxLedgers = 50;

type Kind = Omit<AnsweredCalls, "count">;

const waiting = new Map<OrganizationId, Map<string, Kind & { count: number }>>();
let kinds = 0;

function add(organizationId: OrganizationId, { day, route, statusClass }: Kind, count: number): void {
  const ofOrganization = waiting.get(organizationId) ?? new Map<string, Kind & { count: number }>();
  const key = `${day} ${statusClass} ${route}`;
  const known = ofOrganization.get(key);
  if (known) {
    known.count += count;
  } else if (kinds < maxWaiting) {
    ofOrganization.set(key, { day, route, statusClass, count });
    waiting.set(organizationId, ofOrganization);
    kinds += 1;
  }
}

/** Notes one answered call. */
export function noteCall(organizationId: OrganizationId, route: string, status: number): void {
  const statusClass = `${Math.floor(status / 100)}xx` as Kind["statusClass"];
  add(organizationId, { day: new Date().toISOString().slice(0, 10), route, statusClass }, 1);
}

/** Tells the ledgers of the calls that wait. What a ledger does not take waits for the next time. */
export async function pushCalls(context: Pick<Context, "env">, noteCalls: NoteCalls): Promise<void> {
  const taken = [...waiting].slice(0, maxLedgers);
  for (const [organizationId, calls] of taken) {
    waiting.delete(organizationId);
    kinds -= calls.size;
  }
  const outcomes = await Promise.allSettled(
    taken.map(async ([organizationId, calls]) => {
      try {
        await noteCalls(context, organizationId, [...calls.values()]);
      } catch (error) {
        for (const { count, ...kind } of calls.values()) add(organizationId, kind, count);
        throw error;
      }
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
}
