/** The filters of the audit log, as the API has them. */
import { useState } from "react";
import type { AuditAction, Outcome } from "../../api/schema.ts";
import { auditActions } from "../../api/values.ts";
import { AgentChoice } from "../../ui/agent-choice.tsx";
import { Button } from "../../ui/button.tsx";
import { FilterSelect, Filters, FilterText } from "../../ui/filters.tsx";
import { isId } from "../../ui/id.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { instant, rangeIssue, secondsAgo } from "./instant.ts";
import { TimeField } from "./time-field.tsx";

/** The API refuses a longer one. */
const maxTargetLength = 512;

const rules = {
  agentId: (text: string) => (isId(text) ? text.toLowerCase() : undefined),
  action: oneOf<AuditAction>(...auditActions),
  outcome: oneOf<Outcome>("success", "failure"),
  target: (text: string) => text.slice(0, maxTargetLength) || undefined,
  from: instant("first"),
  to: instant("last"),
};

/** The filters of the URL. */
export const useEventFilters = () => useSearchState(rules);

export type EventFilters = ReturnType<typeof useEventFilters>["values"];

export const noFilters = {
  agentId: undefined,
  action: undefined,
  outcome: undefined,
  target: undefined,
  from: undefined,
  to: undefined,
};

const recently = [
  { label: "last hour", seconds: 3600 },
  { label: "last 24 hours", seconds: 86_400 },
  { label: "last 7 days", seconds: 604_800 },
] as const;

interface EventFiltersProps {
  /** A followed log has no end. */
  readonly isFollowed: boolean;
}

export function EventFilterFields({ isFollowed }: EventFiltersProps) {
  const { values, set, isSet } = useEventFilters();
  const isRestSet = [values.target, values.from, values.to].some((value) => value !== undefined);
  const [isShort, setShort] = useState(!isRestSet);
  return (
    <div className={isShort ? "event-filters short" : "event-filters"}>
      <Filters label="Filter the events" isSet={isSet} onClear={() => set(noFilters)}>
        <AgentChoice label="About the agent" value={values.agentId} onChange={(agentId) => set({ agentId })} />
        <FilterSelect
          name="action"
          label="Event"
          any="Any event"
          value={values.action}
          onChange={(action) => set({ action })}
          choices={auditActions.map((action) => ({ value: action, label: action }))}
        />
        <FilterSelect
          name="outcome"
          label="Outcome"
          any="Any outcome"
          value={values.outcome}
          onChange={(outcome) => set({ outcome })}
          choices={[
            { value: "success", label: "Success" },
            { value: "failure", label: "Failure" },
          ]}
        />
        <FilterText
          name="target"
          label="Target, exactly"
          value={values.target}
          onChange={(target) => set({ target })}
        />
        <TimeField name="from" label="From" value={values.from} end="first" onChange={(from) => set({ from })} />
        {!isFollowed && (
          <TimeField
            name="to"
            label="To"
            value={values.to}
            end="last"
            onChange={(to) => set({ to })}
            error={rangeIssue(values)}
          />
        )}
      </Filters>
      <div className="more-filters">
        <Button look="quiet" expanded={!isShort} onClick={() => setShort(!isShort)}>
          {isShort ? "Filter by target and time" : "Fewer filters"}
        </Button>
      </div>
      <p className="quiet-text recently">
        From the{" "}
        {recently.map(({ label, seconds }, index) => (
          <span key={label}>
            {index > 0 && ", "}
            <button type="button" className="as-link" onClick={() => set({ from: secondsAgo(seconds), to: undefined })}>
              {label}
            </button>
          </span>
        ))}
        . Times are in your zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}.
      </p>
    </div>
  );
}
