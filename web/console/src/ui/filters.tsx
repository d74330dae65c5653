/** The filters above a list. They are in the URL; a text is looked for when the typing pauses. */
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "./button.tsx";
import { type Choice, Field, Select } from "./field.tsx";

interface FiltersProps {
  /** "Filter the agents": the name of the region */
  readonly label: string;
  readonly children: ReactNode;
  readonly isSet: boolean;
  readonly onClear: () => void;
}

export function Filters({ label, children, isSet, onClear }: FiltersProps) {
  return (
    <search aria-label={label}>
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        {children}
        {isSet && (
          <div className="field">
            <Button look="quiet" onClick={onClear}>
              Clear the filters
            </Button>
          </div>
        )}
      </form>
    </search>
  );
}

interface FilterProps {
  readonly name: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

/** Text: longer than one character, or nothing. */
const pauseMs = 300;

export function FilterText({ name, label, value = "", onChange, hint }: FilterProps & { readonly hint?: string }) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  // The URL has changed by itself: back, forward, or a cleared filter.
  if (given !== value) {
    setGiven(value);
    setText(value);
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing begins the pause anew.
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text.trim() === "" ? undefined : text.trim()), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <Field
      type="search"
      name={name}
      label={label}
      value={text}
      onChange={setText}
      autoComplete="off"
      {...(hint === undefined ? {} : { hint })}
    />
  );
}

interface FilterSelectProps extends FilterProps {
  readonly choices: readonly Choice[];
  /** The label of no choice: "Any status" */
  readonly any: string;
}

export function FilterSelect({ value = "", onChange, choices, any, ...rest }: FilterSelectProps) {
  return (
    <Select
      {...rest}
      value={value}
      onChange={(next) => onChange(next === "" ? undefined : next)}
      choices={[{ value: "", label: any }, ...choices]}
    />
  );
}
