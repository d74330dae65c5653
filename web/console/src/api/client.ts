/**
 * The API of the service, as the console calls it: below `/console/api/v1`, with the session's cookie. Parameters, bodies and
 * answers have the types of the OpenAPI document.
 *
 * @example
 * ```ts
 * const page = await call("GET /agents", { query: { status: "active", limit: 25 } });
 * const { value, etag } = await callWithTag("GET /agents/{agentId}", { path: { agentId } });
 * await call("PATCH /agents/{agentId}", { path: { agentId }, body: { owner }, ifMatch: etag });
 * ```
 */
import { noAnswer, unreadable } from "./problem.ts";
import type { Calls } from "./schema.ts";
import { send } from "./transport.ts";

export type CallName = keyof Calls;
export type AnswerOf<Name extends CallName> = Calls[Name]["answer"];
export type QueryOf<Name extends CallName> = Calls[Name] extends { readonly query: infer Query } ? Query : never;
export type BodyOf<Name extends CallName> = Calls[Name] extends { readonly body: infer Body } ? Body : never;

interface Options {
  readonly signal?: AbortSignal | undefined;
  /** The `ETag` of the record that is changed: 412 if it has changed since. */
  readonly ifMatch?: string | null;
  /** Of `POST` calls that may be sent again: the key of one intention of the user, from `newIdempotencyKey`. */
  readonly idempotencyKey?: string;
}

type Parts<Name extends CallName> = Pick<Calls[Name], Extract<keyof Calls[Name], "path" | "body">> &
  Partial<Pick<Calls[Name], Extract<keyof Calls[Name], "query">>>;
export type Input<Name extends CallName> = Parts<Name> & Options;
type Rest<Name extends CallName> = Partial<Input<Name>> extends Input<Name> ? [Input<Name>?] : [Input<Name>];

interface LooseInput extends Options {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** One key for one intention: made when a form opens, the same for each attempt to send it. */
export const newIdempotencyKey = (): string => crypto.randomUUID();

/** The path of a call, with its parameters filled in and its query: `/agents/123?limit=20`. */
export function pathOf(name: CallName, input: LooseInput = {}): string {
  const [, template = ""] = name.split(" ");
  const path = template.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(input.path?.[key] ?? ""));
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.append(key, String(value));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

function request(name: CallName, input: LooseInput, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const [method = "GET"] = name.split(" ");
  return send({
    method,
    path: `/api/v1${pathOf(name, input)}`,
    body: input.body,
    signal: input.signal,
    headers: {
      ...headers,
      ...(input.ifMatch ? { "If-Match": input.ifMatch } : {}),
      ...(input.idempotencyKey ? { "Idempotency-Key": input.idempotencyKey } : {}),
    },
  });
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(response.status, response.headers.get("X-Request-Id"));
  }
}

/** Calls the API and answers with the body. @throws {ApiProblem} */
export async function call<Name extends CallName>(name: Name, ...[input]: Rest<Name>): Promise<AnswerOf<Name>> {
  return (await bodyOf(await request(name, (input ?? {}) as LooseInput))) as AnswerOf<Name>;
}

export interface Tagged<Value> {
  readonly value: Value;
  /** For `ifMatch` of the next change; null where the record has none */
  readonly etag: string | null;
}

/** As `call`, with the `ETag` of the record. @throws {ApiProblem} */
export async function callWithTag<Name extends CallName>(
  name: Name,
  ...[input]: Rest<Name>
): Promise<Tagged<AnswerOf<Name>>> {
  const response = await request(name, (input ?? {}) as LooseInput);
  return { value: (await bodyOf(response)) as AnswerOf<Name>, etag: response.headers.get("ETag") };
}

/** Calls the API for a file, and saves it under the name that the service gives it. @throws {ApiProblem} */
export async function download<Name extends CallName>(
  name: Name,
  input: Input<Name>,
  { accept, fileName }: { readonly accept?: string; readonly fileName: string },
): Promise<void> {
  const response = await request(name, input as LooseInput, accept === undefined ? {} : { Accept: accept });
  const [, given] = /filename="([^"/\\]+)"/.exec(response.headers.get("Content-Disposition") ?? "") ?? [];
  // A part of a file is none: an answer that breaks off is no answer.
  const whole = await response.blob().catch(() => {
    throw noAnswer();
  });
  saveFile(whole, given ?? fileName);
}

/** Gives the user a file. */
export function saveFile(content: Blob, fileName: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  // At once would be before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
