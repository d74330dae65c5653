/** The question before an act that ends something. It says what ends; a final one needs the name typed. */
import { type ReactNode, useState } from "react";
import type { ApiProblem } from "../api/problem.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";
import { Problem } from "./states.tsx";

interface ConfirmProps {
  /** "Suspend screener-01?" */
  readonly title: string;
  /** What ends: "3 tokens and 2 delegations end at once." */
  readonly children: ReactNode;
  /** The act: "Suspend" */
  readonly act: string;
  /** For a final act: the name that must be typed */
  readonly typed?: string;
  readonly look?: "danger" | "main";
  readonly isRunning: boolean;
  readonly problem: ApiProblem | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function ConfirmDialog({ title, children, act, typed, look = "danger", ...rest }: ConfirmProps) {
  const [name, setName] = useState("");
  return (
    <Dialog title={title} onClose={rest.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!rest.isRunning && (typed === undefined || name.trim() === typed)) rest.onConfirm();
        }}
      >
        <div className="dialog-text">{children}</div>
        {typed !== undefined && (
          <Field
            name="confirmation"
            label={`Type ${typed} to confirm`}
            hint="It cannot be undone."
            value={name}
            onChange={setName}
            error={name !== "" && !typed.startsWith(name.trim()) ? `This is not ${typed}.` : undefined}
            autoComplete="off"
            required
          />
        )}
        {rest.problem && <Problem error={rest.problem} isAct />}
        <div className="actions end">
          <Button onClick={rest.onClose}>Cancel</Button>
          <Button
            type="submit"
            look={look}
            isBusy={rest.isRunning}
            disabled={typed !== undefined && name.trim() !== typed}
          >
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
