/** Route definitions with an access rule, which both the guard and the OpenAPI document use. */
import { type RouteConfig, z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { fail } from "../platform/http/respond.ts";
import { type Defined, type Definition, defineRoute } from "../platform/http/route.ts";
import type { ProblemCode } from "../platform/problems/problems.ts";
import { type AppContext, type AppEnv, recordCall } from "./app-env.ts";
import { refuseDelegated, refuseWithoutScope } from "./authority.ts";
import { isPlatformScope, type PlatformScope } from "./scopes.ts";
import { authenticateHolder, isBasic, jsonOnly, refuseOtherSites } from "./secret-holder.ts";

/**
 * `public`: every caller. `bearer`: any active access token. A scope: an active access token that carries it. `optional`: every
 * caller; an active access token shows more, an inactive one is refused. `client`: the handler decides (OAuth). `holder`: the same,
 * and it also takes an access token. `session`: a session of the console, whose cookie no other route takes.
 */
export type Access = "public" | "optional" | "bearer" | "client" | "holder" | "session" | PlatformScope;

/** Which calls of a route are exempt from the organization's limits: all, none, or those that suspend something. */
type Exemption = boolean | "suspending";

export type UncheckedBody = Readonly<Record<string, unknown>>;

/**
 * Whether a route changes who can sign in or what an agent may do: always, or with some bodies. Such a call is refused to a
 * delegated caller (conventions, "Authority never grows").
 */
export type ChangesAuthority = boolean | ((body: UncheckedBody) => boolean);

/** The body, or `{}` when it is not a JSON object. Hono keeps the bytes for the later check of their encoding. */
async function uncheckedBody(c: AppContext): Promise<UncheckedBody> {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(await c.req.arrayBuffer()));
    return typeof body === "object" && body !== null ? (body as UncheckedBody) : {};
  } catch {
    return {};
  }
}

const guard = (
  access: Access,
  exemption: Exemption,
  changesAuthority: ChangesAuthority,
  ownSecret: string | undefined,
) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (ownSecret && isBasic(c.req.header("Authorization"))) {
      const refused = refuseOtherSites(c) ?? (await authenticateHolder(c));
      return refused ? fail(c, refused) : next();
    }
    if (access === "optional" && !c.get("authenticators").isPresented(c.req.raw)) return next();
    const exempt = exemption === "suspending" ? (await uncheckedBody(c)).status === "suspended" : exemption;
    const admitted = await c.get("authenticators").bearer(c.get("context"), c.req.raw, { exempt });
    if (!admitted.ok) return fail(c, admitted);
    const { caller, headers } = admitted.value;
    recordCall(c, caller.organizationId, headers);
    const changes = typeof changesAuthority === "boolean" ? changesAuthority : changesAuthority(await uncheckedBody(c));
    const refused =
      (changes ? refuseDelegated(caller) : null) ??
      (isPlatformScope(access) ? refuseWithoutScope(caller, access) : null);
    if (refused) return fail(c, { ...refused, ...(ownSecret ? { hint: ownSecret } : {}) });
    c.set("caller", caller);
    return next();
  });

/** `app.ts` defines the schemes. OpenAPI has no scheme for a client that authenticates in the form: hence `{}`. */
function securityOf(access: Access, ownSecret: string | undefined) {
  if (access === "public") return [];
  if (access === "session") return [{ session: [] }];
  if (access === "client") return [{ clientSecretBasic: [] }, {}];
  if (access === "holder") return [{ clientSecretBasic: [] }, { bearer: [] }, { oauth2: [] }, {}];
  if (access === "optional") return [{}, { bearer: [] }, { oauth2: [] }];
  const scopes = isPlatformScope(access) ? [access] : [];
  return [{ bearer: scopes }, { oauth2: scopes }, ...(ownSecret ? [{ clientSecretBasic: [] }] : [])];
}

interface Extras {
  readonly access: Access;
  /** Set for calls that must work over the limits: to read the limits, to upgrade, to revoke. */
  readonly exempt?: Exemption;
  readonly changesAuthority?: ChangesAuthority;
  /**
   * Set where `Authorization: Basic` is accepted too, with the newest secret of the credential that the path names. The text is
   * the hint of a 403 for an access token.
   */
  readonly ownSecret?: string;
  /** Set for the UserInfo endpoint: OpenID Connect clients may add parameters, which are ignored (OpenID Connect Core 3.1.2.1). */
  readonly takesAnyQuery?: true;
}

/**
 * The query of a route that takes a token, also of one without parameters: an unknown parameter is `VALIDATION_ERROR`, because a
 * misspelt filter must not widen a list. Routes that a stranger may read ignore it: caches and links add parameters to public documents.
 */
function strictQuery(request: RouteConfig["request"]): NonNullable<RouteConfig["request"]> {
  const query = request?.query ?? z.object({});
  if (!(query instanceof z.ZodObject)) throw new TypeError("The query of a route is an object.");
  return { ...request, query: query.strict() };
}

/**
 * Defines a route. Adds the guard for its access, the checks of its query and of the body's media type, the security scheme, a response for
 * every error, and an `operationId` made of the summary unless the definition has its own.
 *
 * @example
 * ```ts
 * const readAgent = route({
 *   method: "get",
 *   path: "/agents/{agentId}",
 *   access: "agents:read",
 *   tags: ["Agents"],
 *   summary: "Read an agent",
 *   sdk: { call: "agents.get", retry: "read" },
 *   request: { params: z.object({ agentId: agentIdSchema }) },
 *   responses: { 200: { description: "The agent", content: { "application/json": { schema: agentSchema } } } },
 *   errors: ["AGENT_NOT_FOUND"],
 * });
 * ```
 */
export function route<P extends string, const D extends Definition<P>>(definition: D & Extras): Defined<P, D> {
  const given: Extras & Definition<P> = definition;
  const { access, exempt = false, changesAuthority = false, ownSecret, takesAnyQuery, ...rest } = given;
  const guarded = !["public", "client", "holder"].includes(access);
  const errors: ProblemCode[] = [
    ...(guarded ? (["UNAUTHORIZED", "FREE_TIER_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"] as const) : []),
    ...(isPlatformScope(access) ? (["FORBIDDEN"] as const) : []),
  ];
  const guarding = {
    security: securityOf(access, ownSecret),
    errors,
    guards: [
      ...(guarded ? [guard(access, exempt, changesAuthority, ownSecret)] : []),
      // After the guard: a request that is not authenticated gets 401, whatever its body.
      ...(ownSecret ? [jsonOnly] : []),
    ],
  };
  const isStrict = guarded && access !== "optional" && !takesAnyQuery;
  const complete = isStrict ? { ...rest, request: strictQuery(rest.request) } : rest;
  return defineRoute(complete, guarding) as unknown as Defined<P, D>;
}
