/** Verifies the log, whole or over a range, at the service. */
import { useEffect, useRef, useState } from "react";
import { call } from "../../api/client.ts";
import type { AuditVerification } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { plural } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { Problem } from "../../ui/states.tsx";
import { type Range, RangeFields, useRange } from "./ranges.tsx";
import { VerificationResult } from "./verification-result.tsx";

export interface Verified {
  readonly result: AuditVerification;
  readonly tookMs: number;
  readonly at: string;
}

/** One verification, which can be cancelled. */
function useVerification() {
  const abort = useRef<AbortController | null>(null);
  const [verified, setVerified] = useState<Verified | null>(null);
  const act = useAct(async ({ from, to }: Range): Promise<Verified> => {
    abort.current = new AbortController();
    const startedMs = performance.now();
    const result = await call("GET /audit/verify", {
      query: { fromDate: from, toDate: to },
      signal: abort.current.signal,
    });
    return { result, tookMs: performance.now() - startedMs, at: new Date().toISOString() };
  });
  // A screen that is left waits for nothing.
  useEffect(() => () => abort.current?.abort(), []);
  return {
    verified,
    isRunning: act.isRunning,
    problem: abort.current?.signal.aborted ? null : act.problem,
    cancel: () => abort.current?.abort(),
    run: async (range: Range) => {
      setVerified(null);
      const { value } = await act.run(range);
      if (value !== undefined) setVerified(value);
    },
  };
}

export function Verify() {
  const state = useRange();
  const { verified, isRunning, problem, cancel, run } = useVerification();
  const isWhole = state.range.from === undefined && state.range.to === undefined;
  return (
    <Section
      title="Verify the log"
      lead="The service computes each hash anew, follows each link, and compares the log with the signed checkpoints and with its end in the ledger, which is not in the database."
    >
      <form
        className="range-form"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          if (state.issue === undefined && !isRunning) void run(state.range);
        }}
      >
        <RangeFields state={state} />
        <p className="quiet-text">
          {isWhole
            ? "Without a time: the whole log. "
            : "A range is verified up to the next signed checkpoint after it; the events before it are not verified. "}
          100,000 events take a second or two. An organization may verify 30 times a minute.
        </p>
        <div className="actions">
          <Button type="submit" look="main" isBusy={isRunning}>
            {isWhole ? "Verify the whole log" : "Verify the range"}
          </Button>
          {isRunning && <Button onClick={cancel}>Cancel</Button>}
        </div>
      </form>
      <div role="status" className="verification">
        {isRunning && <Running />}
        {verified && <VerificationResult verified={verified} />}
      </div>
      {problem && <Problem error={problem} isAct />}
    </Section>
  );
}

/** The service answers once, at the end: how far it is, nobody knows. */
function Running() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((last) => last + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="running">
      <progress aria-label="Verification" />
      <span>
        Verifying<span aria-hidden="true">{seconds > 0 && `, ${plural(seconds, "second")}`}</span>
      </span>
    </p>
  );
}
