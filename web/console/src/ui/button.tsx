/** Buttons. A busy one stays in the order of the keyboard and says that it is busy. */
import type { ReactNode } from "react";

export interface ButtonProps {
  readonly children: ReactNode;
  readonly type?: "button" | "submit";
  /** `main`: the one act of the screen; `danger`: ends something; `quiet`: without a border */
  readonly look?: "plain" | "main" | "danger" | "quiet";
  readonly isBusy?: boolean;
  readonly disabled?: boolean;
  readonly onClick?: () => void;
  /** For a button whose text alone does not say which record it is about */
  readonly label?: string;
  readonly describedBy?: string;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly controls?: string;
}

export function Button({
  children,
  type = "button",
  look = "plain",
  isBusy = false,
  disabled = false,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={look === "plain" ? "button" : `button ${look}`}
      disabled={disabled}
      aria-disabled={isBusy || undefined}
      aria-busy={isBusy || undefined}
      aria-label={rest.label}
      aria-describedby={rest.describedBy}
      aria-pressed={rest.pressed}
      aria-expanded={rest.expanded}
      aria-controls={rest.controls}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else rest.onClick?.();
      }}
    >
      {children}
    </button>
  );
}
