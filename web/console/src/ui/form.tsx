/** A form: what it sends, why it was refused, its buttons. */
import { type ReactNode, useEffect, useRef } from "react";
import type { ApiProblem } from "../api/problem.ts";
import { Button } from "./button.tsx";
import { Problem } from "./states.tsx";

interface FormProps {
  readonly children: ReactNode;
  /** The act: "Register the agent" */
  readonly act: string;
  readonly isRunning: boolean;
  readonly problem: ApiProblem | null;
  /** The names of the fields of this form; an issue of another one shows in the summary */
  readonly onSubmit: () => void;
  readonly onCancel?: () => void;
  readonly look?: "main" | "danger";
  readonly autoComplete?: "on" | "off";
}

/** After a refusal the focus goes to the summary, which names each field. */
export function Form({
  children,
  act,
  isRunning,
  problem,
  onSubmit,
  onCancel,
  look = "main",
  autoComplete,
}: FormProps) {
  const summary = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (problem) summary.current?.focus();
  }, [problem]);
  return (
    <form
      className="form"
      autoComplete={autoComplete}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isRunning) onSubmit();
      }}
    >
      {problem && (
        <div ref={summary} tabIndex={-1} className="form-problem">
          <Problem error={problem} isAct />
          {problem.issues.length > 0 && (
            <ul>
              {problem.issues.map(({ path, message }) => (
                <li key={`${path} ${message}`}>
                  {path && <code>{path}</code>} {message}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
      {children}
      <div className="actions">
        <Button type="submit" look={look} isBusy={isRunning}>
          {act}
        </Button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
      </div>
    </form>
  );
}
