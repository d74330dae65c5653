/** What a route with `Authorization: Basic` checks beside the secret: a browser sends cached Basic credentials by itself (CSRF). */
import { z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { fail } from "../platform/http/respond.ts";
import type { AgentId, CredentialId } from "../platform/ids.ts";
import { invalid, type Problem, problem } from "../platform/problems/problems.ts";
import { type AppContext, type AppEnv, recordCall } from "./app-env.ts";
import { requestOf } from "./idempotency/service.ts";

/** Whether a request authenticates by HTTP Basic (RFC 7617), well-formed or not. */
export const isBasic = (authorization: string | undefined): boolean => /^Basic(\s|$)/i.test(authorization ?? "");

/** Refuses a request that a page of another site has made (Fetch 3.2, Fetch Metadata 2.3). */
export function refuseOtherSites(c: AppContext): Problem | null {
  const origin = c.req.header("Origin");
  const site = c.req.header("Sec-Fetch-Site")?.toLowerCase();
  const foreign = origin !== undefined && origin !== c.get("context").settings.issuer;
  if (!foreign && site !== "cross-site" && site !== "same-site") return null;
  return problem("FORBIDDEN", "A page of another site may not use a client secret.");
}

/**
 * The refusal of a client at a route for access tokens. The challenge names `Bearer` alone (RFC 6750 3): a challenge for Basic
 * makes a browser keep the credentials and send them by itself.
 */
export const refusedClient = (): Problem =>
  problem("UNAUTHORIZED", "Client authentication failed.", { oauthError: "invalid_client", hint: hintOfClient });

/** One hint for every reason, as the message. */
export const hintOfClient =
  "Check the client id and its secret, key or workload token. If they are right, the credential, the agent or its organization is not active.";

/** A random UUID (RFC 9562 5.4). */
const randomUuid = z.uuidv4();

/** Refuses an `Idempotency-Key` that can be guessed: with an old secret it is half of what gets the new one. */
function refuseGuessable(key: string | undefined): Problem | null {
  if (key === undefined || randomUuid.safeParse(key).success) return null;
  const message = "must be a random UUID (version 4) where a client authenticates with its secret";
  return invalid([{ path: "Idempotency-Key", message, received: key }]);
}

/**
 * Sets `client`, or returns the refusal. A malformed id in the path is refused like one that is not the client's. The secret that the
 * request has replaced is accepted too, with its `Idempotency-Key`.
 */
export async function authenticateHolder(c: AppContext): Promise<Problem | null> {
  const key = c.req.header("Idempotency-Key");
  const guessable = refuseGuessable(key);
  if (guessable) return guessable;
  const authenticated = await presentedSecret(c, key);
  if (!authenticated.ok) return authenticated;
  const { holder, headers } = authenticated.value;
  recordCall(c, holder.organizationId, headers);
  c.set("client", holder);
  return null;
}

/** The refusal of a replaced secret that another request has used up meanwhile. It counts, and reads, as every failed sign-in. */
export async function refuseReplaced(c: AppContext): Promise<Problem> {
  for (const name of ["RateLimit", "RateLimit-Policy"]) c.header(name, undefined);
  const authenticated = await presentedSecret(c, undefined);
  return authenticated.ok ? refusedClient() : authenticated;
}

async function presentedSecret(c: AppContext, key: string | undefined) {
  const idIn = (name: string) => (c.req.param(name) ?? "").toLowerCase();
  const named = { agentId: idIn("agentId") as AgentId, credentialId: idIn("credentialId") as CredentialId };
  const { newestSecret } = c.get("authenticators");
  const request = key === undefined ? null : await requestOf(c.req, key, null);
  return newestSecret(c.get("context"), c.req.header("Authorization"), named, request);
}

/** Refuses a request without a media type: only `application/json` makes a browser send a preflight request (Fetch 4.1). */
export const jsonOnly = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.header("Content-Type") !== undefined) return next();
  return fail(c, problem("UNSUPPORTED_MEDIA_TYPE", "This needs a body of application/json; {} will do."));
});
