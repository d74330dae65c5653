/** The end of a session: in the ledger first, so that no call is admitted any more, and then in its row. */
import type { Actor } from "../../events/catalogue.ts";
import { newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { TokenFacts } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { delegationsEndedByToken } from "../delegation/service.ts";
import { endRow, noteReason, type SessionEnd, type SessionRow } from "./store.ts";

/** What the ledger knows a session by: the facts of a token that was never signed. */
export const factsOf = ({ id, agentId, credentialId, signingKeyId, expiresAt }: SessionRow): TokenFacts => ({
  tokenId: id,
  agentId,
  credentialId,
  signingKeyId,
  bound: false,
  chainId: null,
  expiresAt: Math.floor(expiresAt / 1000),
});

/**
 * Ends a session, and the delegations that were made with it. It does nothing to one that has ended. After a failure between the
 * steps the session has ended, and a repeated call completes it: the ledger appends the event once.
 */
export async function endSession(
  context: Context,
  actor: Actor,
  session: SessionRow,
  wanted: SessionEnd,
): Promise<void> {
  const { id, organizationId, agentId, endReason } = session;
  const reason = endReason ?? wanted;
  // Before the ledger: the browser's next call then gets the reason, also when this request fails in between.
  if (endReason === null) await noteReason(context, id, reason);
  const event = newEvent(context, actor, {
    organizationId,
    action: "session.ended",
    agentId,
    target: id,
    details: { reason },
  });
  await ledgerOf(context, organizationId).revokeToken(factsOf(session), event);
  await delegationsEndedByToken(context, organizationId, id);
  if (await endRow(context, id, context.now())) {
    count("agentidp_console_sessions_total", { outcome: reason === "expired" ? "expired" : "ended" });
  }
}
