/** The pages of a list that is read by offset. The place is in the URL. */
import { useSearch } from "@tanstack/react-router";
import { Link } from "../../ui/link.tsx";
import { countText } from "../../ui/number.tsx";
import type { Rule } from "../../ui/search-params.ts";

/** The API skips at most a million rows. */
const most = 1_000_000;

/** The parameter `offset` of a screen's URL. */
export const offset: Rule<string> = (text) =>
  /^[1-9][0-9]{0,6}$/.test(text) && Number(text) <= most ? text : undefined;

interface OffsetPagerProps {
  /** How many rows are before this page */
  readonly from: number;
  readonly count: number;
  readonly total: number;
  /** How many rows a page has */
  readonly size: number;
  /** "deliveries" */
  readonly what: string;
}

export function OffsetPager({ from, count, total, size, what }: OffsetPagerProps) {
  const search = useSearch({ strict: false }) as Readonly<Record<string, string>>;
  if (from === 0 && count === total) return null;
  const to = (start: number) => ({ ...search, offset: start <= 0 ? undefined : String(start) });
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <span className="quiet-text">
        {countText(from + 1)} to {countText(from + count)} of {countText(total)} {what}
      </span>
      {from > 0 && (
        <Link to="." search={to(from - size)} className="button">
          Previous
        </Link>
      )}
      {from + count < total && from + size <= most && (
        <Link to="." search={to(from + size)} className="button">
          Next
        </Link>
      )}
    </nav>
  );
}
