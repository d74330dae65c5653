/** The sessions of the console: a person signs in as an agent, and the browser never has a token. */
import type { RateHeaders } from "../../access/app-env.ts";
import type { Caller } from "../../access/caller.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { hashSecret } from "../../platform/crypto/keyed-hash.ts";
import type { Page } from "../../platform/http/pagination.ts";
import type { TokenId } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import type { ScheduledPart } from "../../platform/scheduled.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { isoOf } from "../../platform/time.ts";
import { findOrganization, publicOrganization } from "../../tenancy/organizations/service.ts";
import { readAgent } from "../agents/service.ts";
import { type OpenedSession, openSession } from "../tokens/service.ts";
import { endOf, presentedSession } from "./authenticate.ts";
import { endSession, factsOf } from "./end.ts";
import { type LinkedSession, linkNotValid, useLink } from "./links.ts";
import type { ListedSession, Session, SignIn } from "./schema.ts";
import { cookieOf, csrfTokenOf, newSecret } from "./secrets.ts";
import {
  expiredSessions,
  findSession,
  insertSession,
  longestMs,
  removeEnded,
  removeLink,
  removeOldLinks,
  type SessionRow,
  sessionsOf,
} from "./store.ts";

export { authenticateSession, presentsSession } from "./authenticate.ts";
export { createLink } from "./links.ts";
export { removeSessionsOf } from "./store.ts";

/** The most sessions of an agent. The oldest ends when there is one more. */
const mostSessions = 20;

/** A new session, and the secret of its cookie. */
interface Started {
  readonly session: Session;
  readonly cookie: string;
  readonly headers: RateHeaders;
}

function rowOf(context: Context, opened: OpenedSession, cookie: string): SessionRow {
  const { client, tokenId, openedAtMs, scopes, signingKeyId } = opened;
  const { secretHashKeys } = context.settings;
  const [cookieHash, csrfHash] = [cookie, csrfTokenOf(cookie)].map((secret) => hashSecret(secretHashKeys, secret));
  if (!cookieHash || !csrfHash) throw new TypeError("A session has two secrets.");
  return {
    id: tokenId,
    organizationId: client.organizationId,
    agentId: client.agentId,
    credentialId: client.credentialId,
    signingKeyId,
    scopes,
    cookieHash: cookieHash.hash,
    cookieHashKeyId: cookieHash.keyId,
    csrfHash: csrfHash.hash,
    csrfHashKeyId: csrfHash.keyId,
    createdAt: openedAtMs,
    lastUsedAt: openedAtMs,
    expiresAt: openedAtMs + longestMs,
    ...context.source,
    endedAt: null,
    endReason: null,
  };
}

/** Ends the oldest sessions of an agent that has too many. Of sign-ins at once, each may do it. */
async function endOldest(context: Context, newest: SessionRow): Promise<void> {
  const tooMany = (await sessionsOf(context, newest.agentId)).slice(mostSessions);
  await Promise.all(tooMany.map((session) => endSession(context, actorOf(context, newest), session, "replaced")));
}

/** Stores a session; null when another request with the same link has stored it. */
async function storeSession(
  context: Context,
  opened: OpenedSession | LinkedSession,
  cookie: string,
): Promise<SessionRow | null> {
  const row = rowOf(context, opened, cookie);
  const link = "link" in opened ? opened.link : null;
  const event = newEvent(context, actorOf(context, row), {
    organizationId: row.organizationId,
    action: "session.started",
    agentId: row.agentId,
    target: row.id,
    details: { scope: row.scopes.join(" "), ...(link ? { linkOf: link.tokenId } : {}) },
  });
  const after = link ? [removeLink(context, link)] : [];
  if (!(await commitChange(context, [insertSession(context, row)], [event], after))) return null;
  await endOldest(context, row);
  return row;
}

/** The wire form of a session. */
async function publicSession(
  context: Context,
  caller: Pick<Caller, "agentId" | "organizationId" | "role" | "isOperator" | "scopes">,
  { id, expiresAt }: SessionRow,
  cookie: string,
): Promise<Result<Session>> {
  const [agent, organization] = await Promise.all([
    readAgent(context, caller, caller.agentId),
    findOrganization(context, caller.organizationId),
  ]);
  if (!agent.ok) return agent;
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  return ok({
    sessionId: id,
    agent: agent.value,
    organization: publicOrganization(organization),
    role: caller.role,
    isOperator: caller.isOperator,
    scopes: [...caller.scopes],
    csrfToken: csrfTokenOf(cookie),
    expiresAt: isoOf(expiresAt),
  });
}

function refused(reason: Problem): Problem {
  count("agentidp_console_sessions_total", { outcome: "refused" });
  return reason;
}

/**
 * Signs in with a client secret, or with a one-time link. A session that the browser has already ends.
 *
 * @param header the `Cookie` header of the request
 * @returns the problems of the token endpoint; `FORBIDDEN` for an agent that demands DPoP
 */
export async function signIn(
  context: Context,
  { code, clientId = "", clientSecret = "", scopes }: SignIn,
  header: string | null,
): Promise<Result<Started>> {
  const opened =
    code === undefined
      ? await openSession(context, { clientId, clientSecret, scopes: scopes ?? null })
      : await useLink(context, code);
  if (!opened.ok) return refused(opened);
  const cookie = newSecret();
  const row = await storeSession(context, opened.value, cookie);
  if (!row) return refused(linkNotValid());
  const before = await presentedSession(context, header);
  if (before && !endOf(before, context.now())) {
    await endSession(context, actorOf(context, before), before, "signed_out");
  }
  const { client, headers } = opened.value;
  const session = await publicSession(context, { ...client, scopes: row.scopes }, row, cookie);
  if (!session.ok) return session;
  count("agentidp_console_sessions_total", { outcome: "started" });
  return ok({ session: session.value, cookie, headers });
}

/** The session of the request. */
export async function readSession(context: Context, caller: Caller, header: string | null): Promise<Result<Session>> {
  const [row, cookie] = [await findSession(context, caller.agentId, caller.tokenId), cookieOf(context, header)];
  if (!row || cookie === null) return problem("SESSION_NOT_FOUND");
  return publicSession(context, caller, row, cookie);
}

/** Ends the session of the request. */
export async function signOut(context: Context, caller: Caller): Promise<Result<undefined>> {
  const session = await findSession(context, caller.agentId, caller.tokenId);
  if (session) await endSession(context, actorOf(context, caller), session, "signed_out");
  return ok();
}

function listed(
  { id, credentialId, scopes, userAgent, ip, createdAt, lastUsedAt, expiresAt }: SessionRow,
  caller: Caller,
): ListedSession {
  return {
    sessionId: id,
    isCurrent: id === caller.tokenId,
    credentialId,
    scopes: [...scopes],
    userAgent,
    ip,
    createdAt: isoOf(createdAt),
    lastUsedAt: isoOf(lastUsedAt),
    expiresAt: isoOf(expiresAt),
  };
}

/** The sessions of the caller's agent, newest first: one page, because there are 20 at most. */
export async function listSessions(context: Context, caller: Caller): Promise<Page<ListedSession>> {
  const rows = await sessionsOf(context, caller.agentId);
  const ledger = ledgerOf(context, caller.organizationId);
  // A session whose credential was revoked has ended, although nothing has recorded it yet.
  const active = await Promise.all(rows.map((row) => ledger.isActive(factsOf(row))));
  return { data: rows.filter((_, index) => active[index]).map((row) => listed(row, caller)), nextCursor: null };
}

/** Ends a session of the caller's agent: `SESSION_NOT_FOUND` for any other id. A repeated call changes nothing. */
export async function endOwnSession(context: Context, caller: Caller, id: TokenId): Promise<Result<undefined>> {
  const session = await findSession(context, caller.agentId, id);
  if (!session) return problem("SESSION_NOT_FOUND");
  if (!endOf(session, context.now())) await endSession(context, actorOf(context, caller), session, "ended");
  return ok();
}

const endedAtOnce = 20;
const removedAtOnce = 1_000;

/** Records the end of sessions whose time is over, and removes old rows. No session is accepted after its time, whether this part ran or not. */
export const forgetSessions: ScheduledPart = {
  name: "console_sessions",
  queries: 64,
  async run(context) {
    const expired = await expiredSessions(context, context.now(), endedAtOnce + 1);
    for (const session of expired.slice(0, endedAtOnce)) {
      await endSession(context, actorOf(context, null), session, "expired");
    }
    await removeEnded(context, context.now(), removedAtOnce);
    await removeOldLinks(context, context.now(), removedAtOnce);
    return Math.max(0, expired.length - endedAtOnce);
  },
};
