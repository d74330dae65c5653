/** Counts the calls of each organization by route and status class, and sends them to its ledger, for its analytics. */
import type { Context } from "../context.ts";
import type { statusClasses } from "../db/schema.ts";
import type { OrganizationId } from "../ids.ts";
import { dayOf } from "../time.ts";

export interface AnsweredCalls {
  /** The UTC day, `2026-11-22`. */
  readonly day: string;
  /** The route's template, never a path. */
  readonly route: string;
  readonly statusClass: (typeof statusClasses)[number];
  readonly count: number;
}

/** Sends calls to an organization's ledger. `worker.ts` passes it in, because this floor knows no ledger. */
export type NoteCalls = (
  context: Pick<Context, "env">,
  organizationId: OrganizationId,
  calls: readonly AnsweredCalls[],
) => Promise<void>;

/** The most kinds of calls in memory, while a ledger does not answer. Further kinds are dropped. */
const maxWaiting = 5_000;
/** The most ledgers of one push, far below the limit on the subrequests of a request. */
const maxLedgers = 50;

type Kind = Omit<AnsweredCalls, "count">;

const waiting = new Map<OrganizationId, Map<string, Kind & { count: number }>>();
let kinds = 0;

function add(organizationId: OrganizationId, { day, route, statusClass }: Kind, count: number): void {
  const ofOrganization = waiting.get(organizationId) ?? new Map<string, Kind & { count: number }>();
  const key = `${day} ${statusClass} ${route}`;
  const present = ofOrganization.get(key);
  if (present) {
    present.count += count;
  } else if (kinds < maxWaiting) {
    ofOrganization.set(key, { day, route, statusClass, count });
    waiting.set(organizationId, ofOrganization);
    kinds += 1;
  }
}

/** Counts one answered call. */
export function noteCall(organizationId: OrganizationId, route: string, status: number): void {
  const statusClass = `${Math.floor(status / 100)}xx` as Kind["statusClass"];
  add(organizationId, { day: dayOf(Date.now()), route, statusClass }, 1);
}

/** Sends the waiting calls to their ledgers. The calls of a ledger that fails wait for the next push. */
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
