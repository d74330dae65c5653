/** What the service answers when it refuses, and what the screens make of it. */
import type { FieldIssue } from "./issues.ts";
import { issuesOf } from "./issues.ts";
import type { ProblemCode } from "./schema.ts";

/** No answer came, or one that no service of ours writes: an error page of a proxy, a file that is cut off. */
export type LocalCode = "NO_ANSWER" | "UNREADABLE_ANSWER";

interface ProblemFacts {
  readonly code: ProblemCode | LocalCode;
  readonly message: string;
  /** What the caller can do next */
  readonly hint: string;
  /** null: the request did not reach the service */
  readonly requestId: string | null;
  /** 0: no answer */
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;
  readonly docs: string | null;
  /** Of the header `Retry-After` */
  readonly retryAfterSeconds: number | null;
}

/** A refusal, as an exception: that is what the query library passes on. */
export class ApiProblem extends Error implements ProblemFacts {
  override readonly name = "ApiProblem";
  readonly code: ProblemFacts["code"];
  readonly hint: string;
  readonly requestId: string | null;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;
  readonly docs: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(facts: ProblemFacts) {
    super(facts.message);
    this.code = facts.code;
    this.hint = facts.hint;
    this.requestId = facts.requestId;
    this.status = facts.status;
    this.details = facts.details;
    this.docs = facts.docs;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }

  /** The scope that is missing; null where the role does not allow the call. */
  get requiredScope(): string | null {
    return typeof this.details.requiredScope === "string" ? this.details.requiredScope : null;
  }

  /** The fields that are wrong. */
  get issues(): readonly FieldIssue[] {
    return issuesOf(this.details);
  }

  get isOverLimit(): boolean {
    return this.code === "FREE_TIER_LIMIT_EXCEEDED";
  }

  get isForbidden(): boolean {
    return this.status === 403 && !this.isOverLimit;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** The record has changed since it was read. */
  get isChanged(): boolean {
    return this.status === 412;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOr = <Other>(value: unknown, other: Other): string | Other => (typeof value === "string" ? value : other);

/** A number of seconds; a date in the header is not used by the service. */
function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** The problem of an answer that is not 2xx. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const requestId = response.headers.get("X-Request-Id");
  const body: unknown = await response.json().catch(() => null);
  if (!isRecord(body) || typeof body.code !== "string" || typeof body.message !== "string") {
    return unreadable(response.status, requestId);
  }
  return new ApiProblem({
    // A newer service can have codes that this console does not know; no screen depends on knowing all.
    code: body.code as ProblemCode,
    message: body.message,
    hint: textOr(body.hint, ""),
    requestId: textOr(body.requestId, requestId),
    status: response.status,
    details: isRecord(body.details) ? body.details : {},
    docs: textOr(body.docs, null),
    retryAfterSeconds: retryAfterOf(response),
  });
}

/** The problem of an answer that is not ours. */
export function unreadable(status: number, requestId: string | null): ApiProblem {
  return new ApiProblem({
    code: "UNREADABLE_ANSWER",
    message: `The answer (status ${status}) is not one of this service.`,
    hint: "A proxy or a network sign-in page may have answered instead. Check the connection and try again.",
    requestId,
    status,
    details: {},
    docs: null,
    retryAfterSeconds: null,
  });
}

/** The problem when no answer came. */
export function noAnswer(): ApiProblem {
  return new ApiProblem({
    code: "NO_ANSWER",
    message: "The service did not answer.",
    hint: "Check the network connection and try again. A change may or may not have happened: look before you repeat it.",
    requestId: null,
    status: 0,
    details: {},
    docs: null,
    retryAfterSeconds: null,
  });
}

/** Any error as a problem; an error of our own code is one too, so that a screen has one kind to show. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({
    code: "UNREADABLE_ANSWER",
    message: "The console could not show this.",
    hint: "Reload the page. If it happens again, report it with the text below.",
    requestId: null,
    status: 0,
    details: { error: error instanceof Error ? error.message : String(error) },
    docs: null,
    retryAfterSeconds: null,
  });
}
