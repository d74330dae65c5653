/** The fields of forms: a label, a hint, an error tied to the input. The browser's own validation says what is missing. */
import { type ReactNode, useId } from "react";

interface Common {
  readonly name: string;
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly required?: boolean;
  readonly disabled?: boolean;
}

function useDescription({ hint, error }: Pick<Common, "hint" | "error">) {
  const id = useId();
  const ids = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter((part) => part !== "");
  return {
    id,
    described: {
      "aria-describedby": ids.length === 0 ? undefined : ids.join(" "),
      "aria-invalid": error ? true : undefined,
    },
    notes: (
      <>
        {hint && (
          <p className="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
        {error && (
          <p className="error" id={`${id}-error`}>
            {error}
          </p>
        )}
      </>
    ),
  };
}

interface FieldProps extends Common {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "password" | "email" | "url" | "number" | "date" | "datetime-local" | "search";
  readonly autoComplete?: string;
  readonly placeholder?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: string | number;
  readonly max?: string | number;
  /** Of a time: `any` takes seconds too, which a field to the minute else refuses. */
  readonly step?: "any";
  /** For ids, secrets and code */
  readonly isCode?: boolean;
  /** More lines than one */
  readonly rows?: number;
  readonly spellCheck?: boolean;
  /** It narrows a list: its label does not say that it is optional. */
  readonly isFilter?: boolean;
}

/**
 * @example
 * ```tsx
 * <Field name="email" label="E-mail" type="email" value={email} onChange={setEmail} error={issueOf(problem.issues, "email")} required />
 * ```
 */
export function Field({ label, hint, error, onChange, isCode, rows, required, isFilter, ...rest }: FieldProps) {
  const { id, described, notes } = useDescription({ hint, error });
  const { type = "text", pattern, min, max, step, ...area } = rest;
  const isNamed = required ? label : `${label} (optional)`;
  const shared = {
    id,
    required,
    className: isCode ? "input code" : "input",
    autoCapitalize: isCode ? "none" : undefined,
    ...described,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{isFilter || type === "search" || required ? label : isNamed}</label>
      {rows === undefined ? (
        <input
          {...rest}
          {...shared}
          type={type}
          pattern={pattern}
          min={min}
          max={max}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <textarea {...area} {...shared} rows={rows} onChange={(event) => onChange(event.target.value)} />
      )}
      {notes}
    </div>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
  readonly disabled?: boolean;
}

interface SelectProps extends Common {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly choices: readonly Choice[];
}

export function Select({ label, hint, error, onChange, choices, ...rest }: SelectProps) {
  const { id, described, notes } = useDescription({ hint, error });
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select {...rest} {...described} id={id} className="input" onChange={(event) => onChange(event.target.value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} disabled={choice.disabled}>
            {choice.label}
          </option>
        ))}
      </select>
      {notes}
    </div>
  );
}

interface ChecksProps extends Omit<Common, "required"> {
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
  readonly choices: readonly Choice[];
}

/** Several of a few values. */
export function Checks({ name, label, hint, error, values, onChange, choices, disabled }: ChecksProps) {
  const { described, notes } = useDescription({ hint, error });
  const toggle = (value: string) =>
    onChange(values.includes(value) ? values.filter((other) => other !== value) : [...values, value]);
  return (
    <fieldset className="field checks" aria-describedby={described["aria-describedby"]} disabled={disabled}>
      <legend>{label}</legend>
      {notes}
      {choices.map((choice) => (
        <Check
          key={choice.value}
          name={name}
          label={choice.label}
          checked={values.includes(choice.value)}
          onChange={() => toggle(choice.value)}
          {...(choice.hint === undefined ? {} : { hint: choice.hint })}
          {...(choice.disabled === undefined ? {} : { disabled: choice.disabled })}
        />
      ))}
    </fieldset>
  );
}

interface CheckProps extends Omit<Common, "error"> {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  /** The label is for screen readers only: in a table's row. */
  readonly isBare?: boolean;
}

export function Check({ name, label, hint, checked, onChange, disabled, required, isBare }: CheckProps) {
  const { id, described, notes } = useDescription({ hint, error: undefined });
  return (
    <div className="check">
      <input
        type="checkbox"
        id={id}
        name={name}
        checked={checked}
        disabled={disabled}
        required={required}
        aria-describedby={described["aria-describedby"]}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id} className={isBare ? "hidden" : undefined}>
          {label}
        </label>
        {notes}
      </div>
    </div>
  );
}
