/** What the generated methods say of an operation. */
import type { RetryClass } from "./retry.ts";

export interface Operation {
  /** Part and method, such as `agents.get`. */
  readonly call: string;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** With parameters in braces, in the order of `Input.path`. */
  readonly path: string;
  readonly retry: RetryClass;
  /** `optional`: a public call that answers more with a token. `required` unless set. */
  readonly authentication?: "none" | "optional";
  /** `text`, `bytes`, or a type in the notation of `decode.ts`. Unset: there is no body. */
  readonly answer?: string;
  /** The member of a page that has the items. */
  readonly items?: string;
  /** The body is a form. */
  readonly form?: boolean;
  /** The record has an `ETag`. */
  readonly conditional?: boolean;
  /** Error statuses whose body is the answer. */
  readonly answeringStatuses?: readonly number[];
}

export interface Input {
  readonly path?: readonly string[];
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  /** The scopes of the token, where the call needs others than the client's. */
  readonly scopes?: readonly string[] | undefined;
  /** `Authorization` in place of a token's. */
  readonly authorization?: string | undefined;
}
