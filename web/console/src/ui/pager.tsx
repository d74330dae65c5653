/** The pages of a list that is read by cursors. The place is in the URL, and the way back in the entry of the history. */
import { useSearch } from "@tanstack/react-router";
import { Link } from "./link.tsx";
import { usePlace } from "./search.ts";

interface PagerProps {
  readonly nextCursor: string | null;
  /** How many rows this page has */
  readonly count: number;
  /** "agents" */
  readonly what: string;
}

export function Pager({ nextCursor, count, what }: PagerProps) {
  const { cursor, trail } = usePlace();
  const search = useSearch({ strict: false }) as Readonly<Record<string, string>>;
  if (cursor === undefined && nextCursor === null) return null;
  const before = trail.at(-1);
  const page = cursor === undefined ? "First page" : trail.length === 0 ? "A later page" : `Page ${trail.length + 1}`;
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <span className="quiet-text">
        {page}, {count} {what}
      </span>
      {cursor !== undefined && (
        <Link to="." search={{ ...search, cursor: undefined }} state={{ trail: [] }} className="button">
          First page
        </Link>
      )}
      {before !== undefined && trail.length > 1 && (
        <Link
          to="."
          search={{ ...search, cursor: before ?? undefined }}
          state={{ trail: trail.slice(0, -1) }}
          className="button"
        >
          Previous
        </Link>
      )}
      {nextCursor !== null && (
        <Link
          to="."
          search={{ ...search, cursor: nextCursor }}
          state={{ trail: [...trail, cursor ?? null] }}
          className="button"
        >
          Next
        </Link>
      )}
    </nav>
  );
}
