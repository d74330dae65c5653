/** A range of time, both ends included, in the URL; without an end it is open there. */
import { text, useSearchState } from "../../ui/search.ts";
import { instant, rangeIssue } from "./instant.ts";
import { TimeField } from "./time-field.tsx";

export interface Range {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export interface RangeState {
  readonly range: Range;
  readonly issue: string | undefined;
  set(change: Partial<Range>): void;
}

/** The tab is named, too, so that a change keeps it. */
export function useRange(): RangeState {
  const { values, set } = useSearchState({ tab: text, from: instant("first"), to: instant("last") });
  const range = { from: values.from, to: values.to };
  return { range, issue: rangeIssue(range), set };
}

export function RangeFields({ state: { range, issue, set } }: { readonly state: RangeState }) {
  return (
    <div className="range">
      <TimeField name="from" label="From" value={range.from} end="first" onChange={(from) => set({ from })} />
      <TimeField name="to" label="To" value={range.to} end="last" onChange={(to) => set({ to })} error={issue} />
    </div>
  );
}
