/** The list while it is followed: new events come in at the top, unless the reader is somewhere else in it. */
import { type RefObject, useEffect, useRef, useState } from "react";
import type { AuditEventPage } from "../../api/schema.ts";
import { Button } from "../../ui/button.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { countText, plural } from "../../ui/number.tsx";
import { Problem } from "../../ui/states.tsx";
import { EventRows, fileOf } from "./event-rows.tsx";
import type { EventFilters } from "./filters.tsx";
import { isFull, maxRows } from "./follow.ts";
import { type Following, unattendedMinutes, useFollow } from "./use-follow.ts";

interface LiveProps {
  readonly first: AuditEventPage;
  readonly filters: EventFilters;
}

export function Live({ first, filters }: LiveProps) {
  const top = useRef<HTMLDivElement>(null);
  const isAway = useIsAbove(top);
  const [hasFocus, setFocus] = useState(false);
  const isPaused = isAway || hasFocus;
  const following = useFollow(first, filters, isPaused);
  const { followed, problem, stoppedBy, retry } = following;
  const { rows, waiting, agents } = followed;
  const showNew = () => {
    top.current?.scrollIntoView({ block: "start" });
    top.current?.focus({ preventScroll: true });
    setFocus(false);
  };
  return (
    <div className="events">
      <div ref={top} tabIndex={-1} className="live-top">
        <p className="quiet-text">{wordsOf(following)}</p>
        <p className="quiet-text" role="status">
          {newsOf(following)}
        </p>
      </div>
      {problem && <Problem error={problem} isStale={stoppedBy === null} onRetry={retry} />}
      {waiting.length > 0 && (
        <div className="new-events">
          <Button look="main" onClick={showNew}>
            {isFull(followed) ? `${countText(maxRows)} or more new events` : plural(waiting.length, "new event")}
          </Button>
        </div>
      )}
      {rows.length === 0 ? (
        <p className="state">No event matches yet. The list shows the next one that does.</p>
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: it only notes that the focus is within.
        <div
          onFocus={() => setFocus(true)}
          onBlur={({ currentTarget, relatedTarget }) => setFocus(currentTarget.contains(relatedTarget))}
        >
          <EventRows events={rows} agents={agents} />
        </div>
      )}
      {rows.length > 0 && (
        <p>
          <CsvButton table={fileOf({ events: rows, agents })} />
        </p>
      )}
    </div>
  );
}

/** What the list does now. */
function wordsOf({ followed, stoppedBy, hasSkipped }: Following): string {
  if (stoppedBy === "problem") return "Stopped.";
  if (stoppedBy === "unattended") {
    return `Stopped after ${unattendedMinutes} minutes without a key or the pointer. It goes on with the next.`;
  }
  if (hasSkipped) return `Over ${maxRows} events came at once: the list begins anew with the newest.`;
  return followed.rows.length >= maxRows ? `Following; the newest ${maxRows} stay.` : "Following.";
}

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** What came last, for eyes and ears: with its time, so that two alike are two. */
function newsOf({ followed: { waiting }, news }: Following): string {
  if (news === null) return "No new event yet.";
  const at = time.format(news.atMs);
  if (waiting.length > 0) return `Paused: ${plural(waiting.length, "new event")} since, the last at ${at}.`;
  return `${plural(news.count, "new event")} at ${at}.`;
}

/** Far below the view, so that an element counts as in view unless it is above it. */
const below = "1000000px";

/** Whether the element is above the view. */
function useIsAbove(element: RefObject<HTMLElement | null>): boolean {
  const [isAbove, setAbove] = useState(false);
  useEffect(() => {
    if (element.current === null) return undefined;
    const observer = new IntersectionObserver(([entry]) => setAbove(entry?.isIntersecting === false), {
      rootMargin: `0px 0px ${below} 0px`,
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return isAbove;
}
