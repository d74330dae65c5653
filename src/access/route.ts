/** Route definitions with an access: it is said once and reaches both the guard and the OpenAPI document. */
import { createMiddleware } from "hono/factory";
import { fail } from "../platform/http/respond.ts";
import { type Defined, type Definition, defineRoute } from "../platform/http/route.ts";
import type { ProblemCode } from "../platform/problems/problems.ts";
import { type AppContext, type AppEnv, letIn } from "./app-env.ts";
import { refuseDelegated, refuseWithoutScope } from "./authority.ts";
import { isPlatformScope, type PlatformScope } from "./scopes.ts";

/**
 * `public`: anybody. `bearer`: any live access token. A scope: a live access token that carries it. `optional`: anybody; who
 * sends an access token sees more, and is refused with a dead one. `client`: the handler decides (OAuth).
 */
export type Access = "public" | "optional" | "bearer" | "client" | PlatformScope;

/** Which calls are let through over the organization's limits: all of a route, none, or those that suspend something. */
type Exemption = boolean | "suspending";

/** A body before its validation. */
export type UncheckedBody = Readonly<Record<string, unknown>>;

/**
 * Whether a route changes who can sign in or what an agent may do: always, or with some bodies. A delegated caller is refused
 * then (conventions, "Authority never grows").
 */
export type ChangesAuthority = boolean | ((body: UncheckedBody) => boolean);

/** Reads the bytes, and leaves them for the check of their encoding. What is no JSON object has no members. */
async function uncheckedBody(c: AppContext): Promise<UncheckedBody> {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(await c.req.arrayBuffer()));
    return typeof body === "object" && body !== null ? (body as UncheckedBody) : {};
  } catch {
    return {};
  }
}

const guard = (access: Access, exemption: Exemption, changesAuthority: ChangesAuthority) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (access === "optional" && c.req.header("Authorization") === undefined) return next();
    const exempt = exemption === "suspending" ? (await uncheckedBody(c)).status === "suspended" : exemption;
    const admitted = await c.get("authenticate")(c.get("context"), c.req.raw, { exempt });
    if (!admitted.ok) return fail(c, admitted);
    const { caller, headers } = admitted.value;
    letIn(c, caller.organizationId, headers);
    const changes = typeof changesAuthority === "boolean" ? changesAuthority : changesAuthority(await uncheckedBody(c));
    const refused =
      (changes ? refuseDelegated(caller) : null) ??
      (isPlatformScope(access) ? refuseWithoutScope(caller, access) : null);
    if (refused) return fail(c, refused);
    c.set("caller", caller);
    return next();
  });

/** `app.ts` names the schemes. A client that authenticates in the form sends no header that OpenAPI has a name for. */
function securityOf(access: Access) {
  if (access === "public") return [];
  if (access === "client") return [{ clientSecretBasic: [] }, {}];
  if (access === "optional") return [{}, { bearer: [] }, { oauth2: [] }];
  const scopes = isPlatformScope(access) ? [access] : [];
  return [{ bearer: scopes }, { oauth2: scopes }];
}

interface Extras {
  readonly access: Access;
  /** Whether it is let through over the organization's limits: seeing them, upgrading, revoking. */
  readonly exempt?: Exemption;
  readonly changesAuthority?: ChangesAuthority;
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
export function route<P extends string, const D extends Definition<P>>(definition: D & Extras): Defined<P, D> {
  const { access, exempt = false, changesAuthority = false, ...rest }: Extras & Definition<P> = definition;
  const guarded = access !== "public" && access !== "client";
  const errors: ProblemCode[] = [
    ...(guarded ? (["UNAUTHORIZED", "FREE_TIER_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"] as const) : []),
    ...(isPlatformScope(access) ? (["FORBIDDEN"] as const) : []),
  ];
  const guarding = {
    security: securityOf(access),
    errors,
    guards: guarded ? [guard(access, exempt, changesAuthority)] : [],
  };
  return defineRoute(rest, guarding) as unknown as Defined<P, D>;
}
