/** Route definitions: the middleware and the OpenAPI document come from one definition. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { type ProblemCode, problemRegistry } from "../problems/problems.ts";
import { typedBody } from "./body.ts";
import { enumeration } from "./components.ts";
import { conditionalForm, readPreconditions } from "./conditional.ts";
import { repeatableForm } from "./repeatable.ts";
import { pageOfError } from "./respond.ts";

/** The error object of the whole API. */
const problemSchema = z
  .object({
    code: enumeration("ProblemCode", Object.keys(problemRegistry) as ProblemCode[]),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
    hint: z.string().openapi({ description: "What the caller can do next" }),
    docs: z.url().openapi({ description: "The page that explains the code: `<issuer>/errors#<code>`" }),
    requestId: z.string(),
    error: z.string().optional().openapi({ description: "OAuth endpoints only: the error code of RFC 6749 5.2" }),
    error_description: z.string().optional().openapi({ description: "OAuth endpoints only" }),
  })
  .openapi("Problem");

const requestId = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

function exampleOf(code: ProblemCode) {
  const { meaning: message, remedy: hint } = problemRegistry[code];
  return { value: { code, message, hint, docs: pageOfError("https://idp.example.com", code), requestId } };
}

/** One response for each status, with an example for each code. */
function errorResponses(codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => problemRegistry[code].status);
  const responses = [...byStatus].map(([status, sharing]) => {
    const description = sharing.map((code) => `\`${code}\`: ${problemRegistry[code].meaning}`).join("\n\n");
    const examples = Object.fromEntries(sharing.map((code) => [code, exampleOf(code)]));
    return [status, { description, content: { "application/json": { schema: problemSchema, examples } } }] as const;
  });
  return Object.fromEntries(responses);
}

/** `Read an agent's card (RFC 1)` → `readAgentCard`. */
function operationIdOf(summary: string): string {
  const words = summary.replace(/\(.*?\)|'s\b/g, "").match(/[A-Za-z0-9]+/g) ?? [];
  return words
    .filter((word) => !/^(an?|the)$/i.test(word))
    .map((word, index) => (index === 0 ? word.toLowerCase() : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join("");
}

/**
 * The method of the client libraries for an operation. `retry` is what a library may do after a failure where the service may
 * have received the request: `read` and `idempotent` requests can be sent again, `keyed` ones with the same `Idempotency-Key`,
 * and the others never.
 */
export interface SdkMethod {
  readonly call: string;
  readonly retry: "read" | "idempotent" | "keyed" | "never";
}

/** A route definition without its access rule, which `access/route.ts` adds. */
export type Definition<P extends string> = Omit<RouteConfig, "path" | "middleware" | "security"> & {
  readonly path: P;
  /** false: no method of the libraries, because the operation is an alias or not for clients. */
  readonly sdk: SdkMethod | false;
  /** The errors of this route, without those that its guards and its body imply. */
  readonly errors?: readonly ProblemCode[];
  /**
   * Set for a route of one record, whose answers have an `ETag`: the handler ends with `answerRecord`, and a change or a deletion
   * passes `c.get("preconditions")` to its service, which calls `refuseUnmet`. A creation, which has a 201, has no preconditions.
   */
  readonly entityTag?: true;
  /** Set for the alias of a `keyed` operation, which has no method of its own. */
  readonly keyed?: true;
};

/** What distinguishes the operation of an endpoint that two paths have. */
export type Aliased<P extends string> = Pick<Definition<P>, "path" | "operationId" | "summary" | "sdk">;

/** A completed definition. It keeps the types of its parts for the handler. */
export type Defined<P extends string, D> = Omit<D, "access" | "exempt" | "errors" | "entityTag" | "keyed" | "sdk"> & {
  path: P;
  getRoutingPath(): string;
};

/** An access rule: its form in the document, the errors that it implies, and its middleware. */
interface Guarding {
  readonly security: NonNullable<RouteConfig["security"]>;
  readonly errors: readonly ProblemCode[];
  readonly guards: readonly MiddlewareHandler[];
}

/** Completes a route definition; `route` in `access/route.ts` says with what. */
export function defineRoute(definition: Definition<string>, guarding: Guarding) {
  const { errors = [], entityTag, keyed, sdk, ...rest } = definition;
  const conditional = entityTag ? conditionalForm(rest) : null;
  const isKeyed = keyed === true || (sdk !== false && sdk.retry === "keyed");
  const repeatable = isKeyed ? repeatableForm(conditional?.responses ?? rest.responses) : null;
  const parameters = [...(conditional?.parameters ?? []), ...(repeatable?.parameters ?? [])];
  const responses = repeatable?.responses ?? conditional?.responses ?? rest.responses;
  const body = rest.request?.body;
  const implied: ProblemCode[] = [
    ...(rest.request ? (["VALIDATION_ERROR"] as const) : []),
    ...(body ? (["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
    ...guarding.errors,
    ...(conditional?.errors ?? []),
    ...(repeatable?.errors ?? []),
    "INTERNAL_SERVER_ERROR",
    "SERVICE_UNAVAILABLE",
  ];
  const complete: RouteConfig = {
    operationId: operationIdOf(rest.summary ?? `${rest.method} ${rest.path}`),
    ...rest,
    ...(sdk ? { "x-sdk-call": sdk.call, "x-sdk-retry": sdk.retry } : { "x-sdk-call": false }),
    security: [...guarding.security],
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { ...responses, ...errorResponses([...implied, ...errors]) },
    // The guard comes first, so that a caller without access learns nothing about the form of a call.
    middleware: [
      ...guarding.guards,
      ...(conditional ? [readPreconditions] : []),
      ...(body ? [typedBody(Object.keys(body.content))] : []),
    ],
  };
  return createRoute(complete);
}

/** Defines a route of this floor, which has no caller: health, metrics. */
export function publicRoute<P extends string, const D extends Definition<P>>(definition: D): Defined<P, D> {
  return defineRoute(definition, { security: [], errors: [], guards: [] }) as unknown as Defined<P, D>;
}

/** A JSON body for a route definition. Without an example, the document has one that is made of the parts of the schema. */
export function json<S extends z.ZodType>(schema: S, description: string, example?: z.input<S>) {
  return { description, content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } } };
}
