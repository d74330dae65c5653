/** Refused sign-ins: the log has an event for most, and for the others of a minute one event with their count. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import type { AuditEvent } from "../../api/schema.ts";
import { type Counted, countOf, most, type PageOf } from "./counted.ts";

/** The events of the figure's own list, for its link. */
export const refused = (from: string) => ({ action: "client.refused", from }) as const;

export interface Refusals {
  readonly recorded: PageOf<unknown>;
  readonly omitted: PageOf<Pick<AuditEvent, "details">>;
}

export interface CountedRefusals extends Counted {
  /** Those without an event of their own */
  readonly omitted: number;
}

const countIn = ({ details: { count } }: Pick<AuditEvent, "details">) => (typeof count === "number" ? count : 0);

export function countRefusals({ recorded, omitted }: Refusals): CountedRefusals {
  const count = omitted.data.reduce((sum, event) => sum + countIn(event), 0);
  return {
    value: recorded.data.length + count,
    isAtLeast: countOf(recorded).isAtLeast || countOf(omitted).isAtLeast,
    omitted: count,
  };
}

export const refusalsSince = (from: string) =>
  queryOptions<Refusals>({
    queryKey: ["/audit", "refusals", from],
    queryFn: async ({ signal }) => {
      const read = (action: "client.refused" | "client.refusals_omitted") =>
        call("GET /audit", { query: { action, from, limit: most }, signal });
      const [recorded, omitted] = await Promise.all([read("client.refused"), read("client.refusals_omitted")]);
      return { recorded, omitted };
    },
  });
