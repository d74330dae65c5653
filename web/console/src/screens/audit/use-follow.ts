/** Asks for the events that are new, one question after the other, while someone looks. */
import { useCallback, useEffect, useRef, useState } from "react";
import { call } from "../../api/client.ts";
import { type ApiProblem, asProblem } from "../../api/problem.ts";
import type { AuditEventPage } from "../../api/schema.ts";
import { useIsAttended, useIsVisible } from "./attention.ts";
import type { EventFilters } from "./filters.tsx";
import { type Followed, follow, isFull, pageSize, pauseMs, received, resumed } from "./follow.ts";

export const unattendedMinutes = 15;

/** After a failure that may pass. */
const retryMs = 15_000;

interface State {
  readonly followed: Followed;
  /** Why the last question failed */
  readonly problem: ApiProblem | null;
  readonly dueAtMs: number;
  /** What came last: how many, and when */
  readonly news: { readonly count: number; readonly atMs: number } | null;
  /** It has begun anew, since more came than fits. */
  readonly hasSkipped: boolean;
  readonly answers: number;
}

export interface Following extends Pick<State, "followed" | "problem" | "news" | "hasSkipped"> {
  /** Nothing is asked until something changes: `retry`, or a person comes back. */
  readonly stoppedBy: "problem" | "unattended" | null;
  retry(): void;
}

/** Another attempt can succeed: no answer, a failure of the service, too many questions. */
const mayPass = ({ status }: ApiProblem) => status === 0 || status === 429 || status >= 500;

const wasRemoved = (problem: ApiProblem) => problem.code === "AUDIT_EVENTS_REMOVED";

interface Answer {
  readonly page: AuditEventPage;
  /** It is the newest page, asked for to begin anew. */
  readonly isAnew: boolean;
}

function afterAnswer(state: State, { page, isAnew }: Answer, isPaused: boolean, nowMs: number): State {
  // The list has been resumed while the question was on its way: the answer is to another one.
  if (isAnew !== state.followed.isBehind) return { ...state, answers: state.answers + 1 };
  const followed = isAnew ? follow(page) : received(state.followed, page, isPaused);
  const count = isAnew ? 0 : page.data.length;
  return {
    followed,
    problem: null,
    dueAtMs: nowMs + pauseMs(followed),
    news: count > 0 ? { count, atMs: nowMs } : state.news,
    hasSkipped: isAnew || (state.hasSkipped && count === 0),
    answers: state.answers + 1,
  };
}

function afterProblem(state: State, problem: ApiProblem, nowMs: number): State {
  const answers = state.answers + 1;
  // The position is older than what the log keeps.
  if (wasRemoved(problem))
    return { ...state, answers, dueAtMs: nowMs, followed: { ...state.followed, isBehind: true } };
  const waitMs = Math.max(retryMs, 1000 * (problem.retryAfterSeconds ?? 0));
  return { ...state, answers, problem, dueAtMs: nowMs + waitMs };
}

function afterPause(state: State): State {
  const followed = resumed(state.followed);
  return followed.isBehind ? { ...state, followed, dueAtMs: 0 } : { ...state, followed };
}

/** @param first the newest page of the list */
export function useFollow(first: AuditEventPage, filters: EventFilters, isPaused: boolean): Following {
  const [state, setState] = useState<State>(() => ({
    followed: follow(first),
    problem: null,
    dueAtMs: 0,
    news: null,
    hasSkipped: false,
    answers: 0,
  }));
  const isVisible = useIsVisible();
  const isAttended = useIsAttended(unattendedMinutes * 60_000);
  const paused = useRef(isPaused);
  useEffect(() => {
    paused.current = isPaused;
    if (!isPaused) setState(afterPause);
  }, [isPaused]);

  const { followed, problem, dueAtMs, answers } = state;
  const isStopped = problem !== null && !mayPass(problem);
  const isAsking = isVisible && isAttended && !isStopped && !isFull(followed);
  const { afterSequence, isBehind } = followed;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is followed by one question; a new filter is a new list.
  useEffect(() => {
    if (!isAsking) return undefined;
    const abort = new AbortController();
    const ask = async () => {
      const place = isBehind ? {} : ({ order: "asc", afterSequence } as const);
      try {
        const query = { ...filters, to: undefined, ...place, limit: pageSize };
        const page = await call("GET /audit", { query, signal: abort.signal });
        setState((last) => afterAnswer(last, { page, isAnew: isBehind }, paused.current, Date.now()));
      } catch (error) {
        if (!abort.signal.aborted) setState((last) => afterProblem(last, asProblem(error), Date.now()));
      }
    };
    const timer = setTimeout(() => void ask(), Math.max(0, dueAtMs - Date.now()));
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [isAsking, answers, isBehind]);

  const retry = useCallback(
    () => setState((last) => ({ ...last, problem: null, dueAtMs: 0, answers: last.answers + 1 })),
    [],
  );
  return { ...state, stoppedBy: isStopped ? "problem" : isAttended ? null : "unattended", retry };
}
