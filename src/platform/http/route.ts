/** Route definitions: access, errors and examples are said once and reach both the middleware and the OpenAPI document. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import type { PlatformScope } from "../../access/scopes.ts";
import { type ProblemCode, problem, problemRegistry } from "../problems/problems.ts";
import { type AppContext, type AppEnv, letIn } from "./app.ts";
import { typedBody } from "./body.ts";
import { fail } from "./respond.ts";

/**
 * `public`: anybody. `bearer`: any live access token. A scope: a live access token that carries it. `optional`: anybody; who
 * sends an access token sees more, and is refused with a dead one. `client`: the handler decides (OAuth).
 */
export type Access = "public" | "optional" | "bearer" | "client" | PlatformScope;

const isScope = (access: Access): access is PlatformScope =>
  !["public", "optional", "bearer", "client"].includes(access);

/** The error object of the whole API. */
export const problemSchema = z
  .object({
    code: z.enum(Object.keys(problemRegistry) as [ProblemCode, ...ProblemCode[]]),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
    requestId: z.string(),
    error: z.string().optional().openapi({ description: "OAuth endpoints only: the error code of RFC 6749 5.2" }),
    error_description: z.string().optional().openapi({ description: "OAuth endpoints only" }),
  })
  .openapi("Problem");

/** Which calls are let through over the organization's limits: all of a route, none, or those that suspend something. */
type Exemption = boolean | "suspending";

/** Reads the bytes, and leaves them for the check of their encoding. What is no JSON suspends nothing. */
async function suspends(c: AppContext): Promise<boolean> {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(await c.req.arrayBuffer()));
    return (body as { readonly status?: unknown } | null)?.status === "suspended";
  } catch {
    return false;
  }
}

const guard = (access: Access, exemption: Exemption) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (access === "optional" && c.req.header("Authorization") === undefined) return next();
    const exempt = exemption === "suspending" ? await suspends(c) : exemption;
    const admitted = await c.get("authenticate")(c.get("context"), c.req.raw, { exempt });
    if (!admitted.ok) return fail(c, admitted);
    const { caller, headers } = admitted.value;
    letIn(c, caller.organizationId, headers);
    if (isScope(access) && !caller.scopes.some((scope) => scope === access)) {
      return fail(
        c,
        problem("FORBIDDEN", `This needs the scope ${access}.`, {
          oauthError: "insufficient_scope",
          details: { requiredScope: access },
        }),
      );
    }
    c.set("caller", caller);
    return next();
  });

function errorResponses(codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => problemRegistry[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => [
      status,
      {
        description: sharing.map((code) => `\`${code}\`: ${problemRegistry[code].meaning}`).join("\n\n"),
        content: {
          "application/json": {
            schema: problemSchema,
            examples: Object.fromEntries(
              sharing.map((code) => [
                code,
                {
                  value: {
                    code,
                    message: problemRegistry[code].meaning,
                    requestId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
                  },
                },
              ]),
            ),
          },
        },
      },
    ]),
  );
}

/** The schemes are described in `openapi.ts`. A client that authenticates in the form sends no header that OpenAPI has a name for. */
function securityOf(access: Access) {
  if (access === "public") return [];
  if (access === "client") return [{ clientSecretBasic: [] }, {}];
  if (access === "optional") return [{}, { bearer: [] }, { oauth2: [] }];
  const scopes = isScope(access) ? [access] : [];
  return [{ bearer: scopes }, { oauth2: scopes }];
}

/** `Read an agent's card (RFC 1)` → `readAgentCard`. */
function operationIdOf(summary: string): string {
  const words = summary.replace(/\(.*?\)|'s\b/g, "").match(/[A-Za-z0-9]+/g) ?? [];
  return words
    .filter((word) => !/^(an?|the)$/i.test(word))
    .map((word, index) => (index === 0 ? word.toLowerCase() : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join("");
}

interface Extras {
  readonly access: Access;
  /** The errors that this route can answer with, beside those that its access and its body imply. */
  readonly errors?: readonly ProblemCode[];
  /** Whether it is let through over the organization's limits: seeing them, upgrading, taking something back. */
  readonly exempt?: Exemption;
}

/**
 * Defines a route. Adds the guard that its access asks for, the check of its body's type, the security scheme, an
 * answer for every error, and an `operationId` made of the summary unless the definition has its own.
 *
 * @example
 * ```ts
 * const readAgent = route({
 *   method: "get",
 *   path: "/agents/{agentId}",
 *   access: "agents:read",
 *   tags: ["Agents"],
 *   summary: "Read an agent",
 *   request: { params: z.object({ agentId: agentIdSchema }) },
 *   responses: { 200: { description: "The agent", content: { "application/json": { schema: agentSchema } } } },
 *   errors: ["AGENT_NOT_FOUND"],
 * });
 * ```
 */
export function route<
  P extends string,
  const D extends Omit<RouteConfig, "path" | "middleware" | "security"> & { path: P },
>(definition: D & Extras): Omit<D, "access" | "errors" | "exempt"> & { path: P; getRoutingPath(): string } {
  const { access, errors = [], exempt = false, ...rest }: Extras & Omit<RouteConfig, "security"> = definition;
  const guarded = access !== "public" && access !== "client";
  const body = rest.request?.body;
  const implied: ProblemCode[] = [
    ...(rest.request ? (["VALIDATION_ERROR"] as const) : []),
    ...(body ? (["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
    ...(guarded ? (["UNAUTHORIZED", "FREE_TIER_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"] as const) : []),
    ...(isScope(access) ? (["FORBIDDEN"] as const) : []),
    "INTERNAL_SERVER_ERROR",
    "SERVICE_UNAVAILABLE",
  ];
  const complete: RouteConfig = {
    operationId: operationIdOf(rest.summary ?? `${rest.method} ${rest.path}`),
    ...rest,
    security: securityOf(access),
    responses: { ...rest.responses, ...errorResponses([...implied, ...errors]) },
    // The guard comes first: who may not call learns nothing of what a call must look like.
    middleware: [...(guarded ? [guard(access, exempt)] : []), ...(body ? [typedBody(Object.keys(body.content))] : [])],
  };
  return createRoute(complete) as unknown as ReturnType<typeof route<P, D>>;
}

/** A JSON body for a route definition. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { "application/json": { schema } } };
}
