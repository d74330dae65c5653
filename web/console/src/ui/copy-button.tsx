/** A button that copies a text and says so beside itself: it works inside a dialog, where toasts cannot be read. */
import { useState } from "react";
import { Button } from "./button.tsx";

interface CopyButtonProps {
  readonly value: string;
  /** "secret": for the name of the button */
  readonly what: string;
  readonly look?: "plain" | "main";
}

export function CopyButton({ value, what, look = "plain" }: CopyButtonProps) {
  const [said, setSaid] = useState("");
  const copyIt = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setSaid("Copied");
    } catch {
      setSaid("Not allowed by the browser: select the text");
    }
  };
  return (
    <span className="copy-button">
      <Button look={look} onClick={() => void copyIt()} label={`Copy the ${what}`}>
        Copy
      </Button>
      <span role="status" className="quiet-text">
        {said}
      </span>
    </span>
  );
}
