/** Ids: short, whole in the title, with a button that copies the whole. */
import { copy } from "./copy.ts";
import { Link } from "./link.tsx";

/** The ends of an id: those of UUIDv7 begin alike when they are made in one minute. */
export const shortId = (value: string): string =>
  value.length <= 16 ? value : `${value.slice(0, 4)}…${value.slice(-6)}`;

/** Whether a text has the form of an id (RFC 9562 4). */
export const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

interface IdProps {
  readonly value: string;
  /** What it is, for the button's name: "agent id" */
  readonly label?: string;
  /** A screen to link to */
  readonly to?: string;
  /** To compare it by eye: the whole of it, on as many lines as it needs */
  readonly isWhole?: boolean;
}

export function Id({ value, label = "id", to, isWhole = false }: IdProps) {
  const text = (
    <code title={value} className="id-text">
      {isWhole ? value : shortId(value)}
    </code>
  );
  return (
    <span className={isWhole ? "id whole-id" : "id"}>
      {to === undefined ? text : <Link to={to}>{text}</Link>}
      <button
        type="button"
        className="copy"
        aria-label={`Copy ${label} ${shortId(value)}`}
        title={`Copy the whole ${label}`}
        onClick={() => void copy(value, label)}
      >
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
          <path
            d="M5.5 5.5V3a1 1 0 0 1 1-1H13a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1h-2.5M3 5.5h6.5a1 1 0 0 1 1 1V13a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V6.5a1 1 0 0 1 1-1Z"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.3"
          />
        </svg>
      </button>
    </span>
  );
}
