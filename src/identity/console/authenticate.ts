/** The session of a call through the console, in place of an access token. */
import type { Admitted, Authenticate } from "../../access/app-env.ts";
import type { Caller } from "../../access/caller.ts";
import { actorOf } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { hashUnderEach, isSameHash } from "../../platform/crypto/keyed-hash.ts";
import { log } from "../../platform/log.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { overLimit, rateHeaders } from "../tokens/service.ts";
import { endSession, factsOf } from "./end.ts";
import { cookieOf } from "./secrets.ts";
import { findByCookie, isOver, type SessionEnd, type SessionRow, touchSession } from "./store.ts";

/** How old the recorded time of the latest call may be before it is written again, in milliseconds. */
const touchedMs = 30_000;

const reasons: Readonly<Record<SessionEnd | "none", string>> = {
  none: "There is no session.",
  signed_out: "The session has ended: it was signed out.",
  ended: "The session was ended from another one.",
  replaced: "The session has ended, because the agent has opened 20 newer ones.",
  expired: "The session has ended: after 30 minutes without a call, or 8 hours after the sign-in.",
  revoked: "The session has ended: its agent, its credential or its organization is not active any more.",
};

const refusal = (reason: SessionEnd | "none"): Problem =>
  problem("UNAUTHORIZED", reasons[reason], { details: { reason }, hint: "Sign in at `/console/sign-in`." });

const noCsrfToken = (): Problem =>
  problem("FORBIDDEN", "The header X-CSRF-Token is missing, or is not the one of this session.", {
    details: { requiredHeader: "X-CSRF-Token" },
    hint: "Send the `csrfToken` of `GET /console/session` as `X-CSRF-Token`.",
  });

/** The session of the cookie, whether it has ended or not; null without one. */
export async function presentedSession(context: Context, header: string | null): Promise<SessionRow | null> {
  const cookie = cookieOf(context, header);
  return cookie === null ? null : findByCookie(context, hashUnderEach(context.settings.secretHashKeys, cookie));
}

/** Why a session that the database has is over by it; null for one that lasts. */
export function endOf(session: SessionRow, nowMs: number): SessionEnd | null {
  if (session.endedAt !== null) return session.endReason ?? "ended";
  return isOver(session, nowMs) ? "expired" : null;
}

/** A page of another site can make a browser send the cookie, but not read the token (CSRF). */
function hasCsrfToken({ settings }: Context, request: Request, { csrfHash, csrfHashKeyId }: SessionRow): boolean {
  if (request.method === "GET" || request.method === "HEAD") return true;
  const hashes = hashUnderEach(settings.secretHashKeys, request.headers.get("X-CSRF-Token") ?? "");
  return hashes.some(({ keyId, hash }) => keyId === csrfHashKeyId && isSameHash(hash, csrfHash));
}

/**
 * Accepts the session of a request. Each call is admitted by the ledger, as one with an access token is, so that a suspension or a
 * revocation ends the session at once.
 *
 * @returns `UNAUTHORIZED` with the reason, `FORBIDDEN` for a missing or wrong CSRF token; over a limit, the limit
 */
export const authenticateSession: Authenticate = async (context, request, { exempt }): Promise<Result<Admitted>> => {
  const session = await presentedSession(context, request.headers.get("Cookie"));
  if (!session) return refusal("none");
  const end = endOf(session, context.now());
  if (end) return refusal(end);
  if (!hasCsrfToken(context, request, session)) return noCsrfToken();

  const { id, organizationId, agentId, credentialId } = session;
  const outcome = await ledgerOf(context, organizationId).admit(factsOf(session), null, exempt);
  if (outcome.outcome === "limited") return overLimit(context, outcome);
  if (outcome.outcome !== "admitted") {
    await endSession(context, actorOf(context, null), session, "revoked");
    return refusal(session.endReason ?? "revoked");
  }
  if (context.now() - session.lastUsedAt >= touchedMs) {
    const touched = touchSession(context, id, context.now()).catch((error: unknown) => {
      log.warn(context, "the latest call of a session is not recorded", { error });
    });
    context.defer(touched);
  }
  const { role, capabilities, isOperator, platformScopes, rate } = outcome;
  const caller: Caller = {
    agentId,
    delegation: null,
    organizationId,
    credentialId,
    tokenId: id,
    // Hours after the sign-in, the agent may hold less.
    scopes: session.scopes.filter((scope) => platformScopes.includes(scope)),
    capabilities,
    role,
    isOperator,
  };
  return ok({ caller, headers: rateHeaders(rate) });
};

/** Whether a request has a cookie of the console. */
export const presentsSession = (request: Request): boolean =>
  /(?:^|;\s*)(?:__Host-)?agentidp=/.test(request.headers.get("Cookie") ?? "");
