/**
 * What a follower of the log knows. It reads the log in its order from a position on, so it misses no event and has none twice; what
 * it holds is bounded, however much comes.
 */
import type { AuditEvent, AuditEventPage } from "../../api/schema.ts";
import type { Agents } from "./rows.ts";

/** Events in one page, and in one answer to a follower. */
export const pageSize = 50;

/** The most that the followed list shows, and the most that waits while it is paused. */
export const maxRows = 200;

export interface Followed {
  /** What is shown, newest first */
  readonly rows: readonly AuditEvent[];
  /** What came while the list was paused, newest first */
  readonly waiting: readonly AuditEvent[];
  readonly agents: Agents;
  /** The position of the next question */
  readonly afterSequence: number;
  /** Full answers in a row: more is there at once */
  readonly fullAnswers: number;
  /** Answers without an event in a row */
  readonly quietAnswers: number;
  /** More came than the list can show: it begins anew with the newest events, instead of reading all of them. */
  readonly isBehind: boolean;
}

/** Begins after the newest page of the list. */
export const follow = ({ data, agents }: Pick<AuditEventPage, "data" | "agents">): Followed => ({
  rows: data,
  waiting: [],
  agents,
  afterSequence: data[0]?.sequence ?? 0,
  fullAnswers: 0,
  quietAnswers: 0,
  isBehind: false,
});

/** Nothing more is asked for while so much waits. */
export const isFull = ({ waiting }: Followed): boolean => waiting.length >= maxRows;

/** The names of the agents of these events alone, so that they do not become ever more. */
function namesOf(events: readonly AuditEvent[], agents: Agents): Agents {
  const ids = new Set(events.flatMap(({ agentId, actor }) => [agentId, actor.agentId]));
  return Object.fromEntries(Object.entries(agents).filter(([id]) => ids.has(id)));
}

/** The state after an answer; while the list is paused, its events wait. */
export function received(followed: Followed, page: AuditEventPage, isPaused: boolean): Followed {
  const { data, nextCursor, nextAfterSequence = data.at(-1)?.sequence ?? followed.afterSequence } = page;
  const fresh = data.filter(({ sequence }) => sequence > followed.afterSequence).reverse();
  const fullAnswers = nextCursor === null ? 0 : followed.fullAnswers + 1;
  const waiting = [...fresh, ...followed.waiting].slice(0, maxRows);
  const rows = isPaused ? followed.rows : [...waiting, ...followed.rows].slice(0, maxRows);
  return {
    rows,
    waiting: isPaused ? waiting : [],
    agents: namesOf([...rows, ...(isPaused ? waiting : [])], { ...followed.agents, ...page.agents }),
    afterSequence: nextAfterSequence,
    fullAnswers,
    quietAnswers: data.length === 0 ? followed.quietAnswers + 1 : 0,
    isBehind: !isPaused && fullAnswers * pageSize >= maxRows,
  };
}

/** Shows what waits. */
export function resumed(followed: Followed): Followed {
  const { rows, waiting } = followed;
  if (waiting.length === 0) return followed;
  if (isFull(followed)) return { ...followed, waiting: [], isBehind: true };
  return { ...followed, rows: [...waiting, ...rows].slice(0, maxRows), waiting: [] };
}

const second = 1000;
/** After a minute without an event there is less hurry: each question counts as a call of the organization. */
const quietAfter = 12;
export const pauseSeconds = { usual: 5, quiet: 20 } as const;

/** How long to wait before the next question, in milliseconds. */
export function pauseMs({ fullAnswers, quietAnswers, isBehind }: Followed): number {
  if (isBehind || fullAnswers > 0) return 0;
  return (quietAnswers < quietAfter ? pauseSeconds.usual : pauseSeconds.quiet) * second;
}
