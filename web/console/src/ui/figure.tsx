/** Figures: a number, what it counts, and the list of what is counted. */
import type { ReactNode } from "react";
import type { Tone } from "./badge.tsx";
import { Link } from "./link.tsx";
import { countText } from "./number.tsx";

export interface FigureProps {
  readonly label: string;
  /** null: there is no number to show */
  readonly value: number | null;
  /** There are more than were counted: "100+" */
  readonly isAtLeast?: boolean;
  /** "of 10,000": what it is measured against */
  readonly of?: string | undefined;
  /** One line below: what it means, or what to do */
  readonly note?: ReactNode;
  readonly tone?: Tone;
  readonly to?: string;
  readonly search?: Readonly<Record<string, string>>;
  /** Of a limit: how much is used, 0 to 1 */
  readonly used?: number | undefined;
  /** It is being read. */
  readonly isWaiting?: boolean;
}

export function Figure({
  label,
  value,
  isAtLeast = false,
  of,
  note,
  tone = "neutral",
  to,
  search = {},
  used,
  isWaiting,
}: FigureProps) {
  return (
    <div className={`figure ${tone}`}>
      <dt>
        {to === undefined ? (
          label
        ) : (
          <Link to={to} search={search}>
            {label}
          </Link>
        )}
      </dt>
      <dd aria-busy={isWaiting || undefined}>
        <span className={isWaiting ? "figure-value bone" : "figure-value"}>
          {isWaiting ? (
            <span className="hidden">Loading</span>
          ) : value === null ? (
            "–"
          ) : (
            `${countText(value)}${isAtLeast ? "+" : ""}`
          )}
        </span>
        {of && <span className="figure-of">{of}</span>}
        {used !== undefined && (
          <meter
            className="used"
            min={0}
            max={1}
            low={0.8}
            high={0.95}
            optimum={0}
            value={Math.min(1, used)}
            aria-label={`${label}: share of the limit`}
          />
        )}
        {note && <span className="figure-note">{note}</span>}
      </dd>
    </div>
  );
}

export function Figures({ children }: { readonly children: ReactNode }) {
  return <dl className="figures">{children}</dl>;
}
