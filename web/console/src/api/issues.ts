/** Which fields of a body or of a query are wrong. */

export interface FieldIssue {
  /** Dotted: `scopes.0.name`; empty for the whole body */
  readonly path: string;
  readonly message: string;
}

const isIssue = (value: unknown): value is FieldIssue =>
  typeof value === "object" &&
  value !== null &&
  "path" in value &&
  "message" in value &&
  typeof value.path === "string" &&
  typeof value.message === "string";

export function issuesOf(details: Readonly<Record<string, unknown>>): readonly FieldIssue[] {
  return Array.isArray(details.issues) ? details.issues.filter(isIssue) : [];
}

/** The message of a form's field: of `scopes`, those of `scopes` and of `scopes.0.name`. */
export function issueOf(issues: readonly FieldIssue[], field: string): string | undefined {
  const own = issues.filter(({ path }) => path === field || path.startsWith(`${field}.`));
  return own.length === 0 ? undefined : own.map(({ message }) => message).join("; ");
}
