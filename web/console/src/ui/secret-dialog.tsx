/**
 * A secret, shown once. It is in the memory of the component that got it, and nowhere else: not in the URL, the browser's storage, the
 * history or the query cache. When the dialog closes, that component forgets it (`onSaved`).
 */
import { type ReactNode, useEffect } from "react";
import { saveFile } from "../api/client.ts";
import { Button } from "./button.tsx";
import { CopyButton } from "./copy-button.tsx";
import { Dialog } from "./dialog.tsx";
import { envFile } from "./env-file.ts";

export interface Shown {
  /** "Client secret" */
  readonly label: string;
  readonly value: string;
  /** Its variable in the `.env` file */
  readonly variable: string;
}

interface SecretDialogProps {
  readonly title: string;
  /** What it is for, and what ended with it */
  readonly children?: ReactNode;
  readonly secret: Shown;
  /** What belongs to it and is no secret: the client id */
  readonly beside?: readonly Shown[];
  /** "screener-01.env" */
  readonly fileName: string;
  readonly onSaved: () => void;
}

export function SecretDialog({ title, children, secret, beside = [], fileName, onSaved }: SecretDialogProps) {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);
  const save = () => {
    const text = envFile([...beside, secret].map(({ variable, value }) => [variable, value]));
    saveFile(new Blob([text], { type: "text/plain" }), fileName);
  };
  return (
    <Dialog title={title} onClose={onSaved} isForced>
      <div className="dialog-text">{children}</div>
      <dl className="secret">
        {beside.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <code>{value}</code> <CopyButton value={value} what={label.toLowerCase()} />
            </dd>
          </div>
        ))}
        <div>
          <dt>{secret.label}</dt>
          <dd>
            <code>{secret.value}</code>{" "}
            <CopyButton value={secret.value} what={secret.label.toLowerCase()} look="main" />
          </dd>
        </div>
      </dl>
      <p>
        <strong>It is shown this once.</strong> The service keeps only a hash of it: if it is lost, make a new one.
      </p>
      <div className="actions end">
        <Button onClick={save}>Download {fileName}</Button>
        <Button look="main" onClick={onSaved}>
          I have saved it
        </Button>
      </div>
    </Dialog>
  );
}
