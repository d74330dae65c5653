/** One-time links: an agent with a token opens the console in a browser that has no secret. */
import type { Caller } from "../../access/caller.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { hashSecret, hashUnderEach } from "../../platform/crypto/keyed-hash.ts";
import type { Scope } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf, minuteMs } from "../../platform/time.ts";
import {
  noteUnknownClient,
  type OpenedSession,
  overLimit,
  presentedToken,
  rateHeaders,
  refusal,
} from "../tokens/service.ts";
import type { ConsoleLink } from "./schema.ts";
import { newSecret } from "./secrets.ts";
import { findLink, insertLink, type LinkRow, longestMs } from "./store.ts";

const linkMs = minuteMs;

/** `openid` opens nothing in the console. */
const consoleScopes = (scopes: readonly Scope[]) => scopes.filter((scope) => scope !== "openid");

/**
 * Makes a link for the agent of the caller's token. Its session has the scopes of the token at most.
 *
 * @param authorization the header with the token
 * @returns `FORBIDDEN` in a session, which could renew itself for ever, and for a token that is bound to a key, since a session is not
 */
export async function createLink(
  context: Context,
  caller: Caller,
  authorization: string | null,
): Promise<Result<ConsoleLink>> {
  const token = await presentedToken(context, authorization);
  if (!token) return problem("FORBIDDEN", "A session of the console makes no link: an access token does.");
  if (token.facts.bound) {
    return problem("FORBIDDEN", "A token that is bound to a key makes no link, because a session is bound to none.");
  }
  const code = newSecret();
  const { hash: codeHash, keyId: codeHashKeyId } = hashSecret(context.settings.secretHashKeys, code);
  const { organizationId, agentId } = caller;
  const { tokenId, credentialId, signingKeyId } = token.facts;
  const tokenExpiresAt = token.facts.expiresAt * 1000;
  const scopes = consoleScopes(caller.scopes);
  const expiresAt = Math.min(context.now() + linkMs, tokenExpiresAt);
  const row: LinkRow = {
    codeHash,
    codeHashKeyId,
    organizationId,
    agentId,
    tokenId,
    credentialId,
    signingKeyId,
    tokenExpiresAt,
    scopes,
    expiresAt,
  };
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "session.link_created",
    agentId,
    target: tokenId,
    details: { scope: scopes.join(" "), expiresAt: isoOf(expiresAt) },
  });
  await commitChange(context, [insertLink(context, row)], [event]);
  return ok({ url: `${context.settings.issuer}/console/sign-in#code=${code}`, expiresAt: isoOf(expiresAt) });
}

/** One text for every reason. */
export const linkNotValid = (): Problem =>
  problem("UNAUTHORIZED", "The link is not valid.", {
    hint: "A link works once, within a minute, while its token is active. Make a new one with `POST /api/v1/console/links`.",
  });

/** A session that a link has opened, and the link, which is removed with it. */
export type LinkedSession = OpenedSession & { readonly link: LinkRow };

/**
 * Opens the session of a link. Of two requests at once, one can store it.
 *
 * @returns `UNAUTHORIZED` with one text; `RATE_LIMIT_EXCEEDED` for a network that sends too many codes that do not exist
 */
export async function useLink(context: Context, code: string): Promise<Result<LinkedSession>> {
  const link = await findLink(context, hashUnderEach(context.settings.secretHashKeys, code));
  if (!link) {
    const throttled = noteUnknownClient(context.source, context.now());
    return throttled ? refusal(throttled) : linkNotValid();
  }
  const { organizationId, agentId, tokenId, credentialId, signingKeyId } = link;
  const expiresAt = Math.floor(link.tokenExpiresAt / 1000);
  const outcome = await ledgerOf(context, organizationId).redeemLink({
    token: { tokenId, agentId, credentialId, signingKeyId, bound: false, chainId: null, expiresAt },
    codeHash: link.codeHash,
    codeExpiresAtMs: link.expiresAt,
    longestMs,
  });
  if (outcome.outcome === "limited") return overLimit(context, outcome);
  if (outcome.outcome === "inactive") return linkNotValid();
  const { client, tokenId: id, openedAtMs, rate } = outcome;
  const scopes = link.scopes.filter((scope) => outcome.scopes.includes(scope));
  return ok({ client, tokenId: id, openedAtMs, scopes, signingKeyId, headers: rateHeaders(rate), link });
}
