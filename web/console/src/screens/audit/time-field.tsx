/** A point in time, to the minute, in the reader's zone. It is taken when the typing pauses: each keystroke makes a valid time. */
import { useEffect, useState } from "react";
import { Field } from "../../ui/field.tsx";
import { type End, isoOf, localOf } from "./instant.ts";

const pauseMs = 600;
/** No log is older. A year that is being typed passes through 0002, 0020 and 0202. */
const oldest = "2020-01-01T00:00";

interface TimeFieldProps {
  readonly name: string;
  readonly label: string;
  /** In UTC */
  readonly value: string | undefined;
  readonly end: End;
  readonly onChange: (value: string | undefined) => void;
  readonly error?: string | undefined;
}

export function TimeField({ name, label, value, end, onChange, error }: TimeFieldProps) {
  const shown = value === undefined ? "" : localOf(value, end);
  const [text, setText] = useState(shown);
  const [given, setGiven] = useState(shown);
  if (given !== shown) {
    setGiven(shown);
    setText(shown);
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing begins the pause anew.
  useEffect(() => {
    if (text === shown || (text !== "" && text < oldest)) return undefined;
    const timer = setTimeout(() => onChange(text === "" ? undefined : isoOf(text, end)), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <Field
      type="datetime-local"
      name={name}
      label={label}
      value={text}
      onChange={setText}
      min={oldest}
      step="any"
      error={error}
      autoComplete="off"
      isFilter
    />
  );
}
