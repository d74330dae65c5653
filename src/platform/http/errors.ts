/** The answers without a route: unknown paths, wrong methods, and thrown errors. */
import type { ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { isDatabaseDown } from "../db/client.ts";
import { DependencyDown } from "../dependency.ts";
import { SettingsError } from "../env.ts";
import { log } from "../log.ts";
import { invalid, type Problem, problem } from "../problems/problems.ts";
import type { BaseContext, BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

export const notFound: NotFoundHandler<BaseEnv> = (c) => fail(c, problem("NOT_FOUND"));

/** A known path with another method (RFC 9110 15.5.6). */
export const wrongMethod = (c: BaseContext, methods: readonly string[]) =>
  fail(
    c,
    problem("METHOD_NOT_ALLOWED", `This path takes ${methods.join(", ")}.`, { headers: { Allow: methods.join(", ") } }),
  );

/** An error for one log line, without the parameters of a failed query, which are records of customers. */
function traceOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const frames = error.stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? [];
  return {
    error: `${error.name}: ${error.message.split("\nparams:")[0]}`,
    stack: frames.map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: traceOf(error.cause) }),
  };
}

/** The problem of an exception of Hono or its validators. */
function problemOfException(error: HTTPException): Problem | null {
  if (error.status === 400) return { ...invalid([{ path: "", message: error.message }]), message: error.message };
  if (error.status === 413) return problem("PAYLOAD_TOO_LARGE");
  if (error.status === 415) return problem("UNSUPPORTED_MEDIA_TYPE");
  return null;
}

/** The problem for the caller, and the log message for the operator. */
function judge(error: unknown): { readonly problem: Problem; readonly log: string | null } {
  const expected = error instanceof HTTPException ? problemOfException(error) : null;
  if (expected) return { problem: expected, log: null };
  if (error instanceof SettingsError)
    return { problem: problem("SERVICE_UNAVAILABLE", error.message), log: "broken settings" };
  if (error instanceof DependencyDown || isDatabaseDown(error)) {
    return { problem: problem("SERVICE_UNAVAILABLE"), log: "dependency down" };
  }
  return {
    problem: problem("INTERNAL_SERVER_ERROR", "Something went wrong on our side. Report the requestId."),
    log: "unhandled error",
  };
}

/** Answers to a thrown error. For a bug, the caller gets the request id only; the log gets the error. */
export const onError: ErrorHandler<BaseEnv> = (error, c) => {
  const judged = judge(error);
  if (judged.log !== null) {
    log.error(c.var, judged.log, { method: c.req.method, path: c.req.path, ...traceOf(error) });
  }
  return fail(c, judged.problem);
};
