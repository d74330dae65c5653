/** The problem of a body or a query that breaks its schema. */
import { z } from "@hono/zod-openapi";
import { bytesOf, longestValue } from "./bounds.ts";
import { type FieldIssue, invalid, type Problem } from "./problems.ts";

/** The names of fields that are never echoed: secrets, tokens, and keys, since a caller may have sent a private key. */
const secretField = /secret|token|assertion|password|authorization|private|jwk|key/i;
/** The beginnings of our secrets and of a JWT, which are not echoed either, whatever the name of their field. */
const secretValue = /^(sa_sec_|whsec_|eyJ)/;

const maxIssues = 50;

// zod passes the schema of an unknown member to this function only. `invalidPart` reads the names from the message.
z.config({
  customError: (issue) =>
    issue.code === "unrecognized_keys" && issue.inst instanceof z.ZodObject
      ? Object.keys(issue.inst.shape).join(", ")
      : undefined,
});

/** A control character would take six bytes of the answer. */
const dotted = (path: readonly PropertyKey[]) =>
  path
    .map(String)
    .join(".")
    .slice(0, longestValue)
    .toWellFormed()
    .replace(/\p{Cc}/gu, "\ufffd");

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (value, key) =>
      value !== null && typeof value === "object" && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
    input,
  );
}

/** `received` of an issue; nothing for an object, and for a value that is long or secret. */
function receivedAt(input: unknown, path: readonly PropertyKey[]): Pick<FieldIssue, "received"> {
  const received = valueAt(input, path);
  if (received === undefined || (typeof received === "object" && received !== null)) return {};
  const text = String(received);
  const isSecret = path.some((key) => secretField.test(String(key))) || secretValue.test(text);
  const isShort = text.length <= longestValue && bytesOf(text) <= 3 * longestValue;
  return isShort && !isSecret ? { received } : {};
}

/**
 * A body that fits none of several objects has the issues of the first object that has all of its members, or of the first of
 * all. Other issues stay as they are.
 */
function ofFittingOption(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union" || issue.path.length > 0) return [issue];
  const hasAllMembers = (option: readonly z.core.$ZodIssue[]) =>
    option.every(({ code }) => code !== "unrecognized_keys");
  return issue.errors.find(hasAllMembers) ?? issue.errors[0] ?? [issue];
}

const unknownParameter = (known: string) =>
  known === "" ? "is not known: there are no query parameters here" : `is not known; known: ${known}`;

/** The `VALIDATION_ERROR` of unknown query parameters. */
export function unknownParameters(names: readonly string[], known: readonly string[], query: object): Problem {
  const message = unknownParameter(known.join(", "));
  return invalid(
    names.slice(0, maxIssues).map((name) => ({ path: dotted([name]), message, ...receivedAt(query, [name]) })),
  );
}

/** The issues of unknown members of a body, or of unknown parameters of a query. */
function unknownMembers(
  { path, keys, message: known }: z.core.$ZodIssueUnrecognizedKeys,
  { target, data }: Failed,
): FieldIssue[] {
  const isQuery = target === "query";
  return keys.slice(0, maxIssues).map((key) => ({
    path: dotted([...path, key]),
    message: isQuery ? unknownParameter(known) : "is not a known field",
    ...(isQuery ? receivedAt(data, [key]) : {}),
  }));
}

/** A part of a request that breaks its schema, as a hook of Hono's validator gets it. */
interface Failed {
  readonly error: z.core.$ZodError;
  /** `query`, `json`, `param`, … */
  readonly target: string;
  readonly data?: unknown;
}

/**
 * The `VALIDATION_ERROR` of a part of a request, with the received values that are short and not secret. The known parameters of a
 * query are in the issue of an unknown one, the known members of a body in the hint.
 */
export function invalidPart(failed: Failed): Problem {
  const found = failed.error.issues.flatMap(ofFittingOption);
  const issues = found.flatMap((issue): FieldIssue[] =>
    issue.code === "unrecognized_keys"
      ? unknownMembers(issue, failed)
      : [{ path: dotted(issue.path), message: issue.message, ...receivedAt(failed.data, issue.path) }],
  );
  const unknown = failed.target === "query" ? undefined : found.find(({ code }) => code === "unrecognized_keys");
  return invalid(issues.slice(0, maxIssues), unknown ? { hint: `The known fields are: ${unknown.message}.` } : {});
}
