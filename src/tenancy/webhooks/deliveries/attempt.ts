/** One attempt of one delivery, and what follows from it. */
import { newEvent, outboxInsertIfChanged, publish } from "../../../events/outbox.ts";
import type { Context } from "../../../platform/context.ts";
import { open, sealedPlace } from "../../../platform/crypto/sealing.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { type OutboundAnswer, outboundFetch } from "../../../platform/outbound/fetch.ts";
import { count } from "../../../platform/telemetry/recording.ts";
import { signedHeaders } from "../signing.ts";
import type { SealedSecret, Subscription } from "../store.ts";
import { queueDeliveries } from "./queue.ts";
import { pauseAfter, retryAfterMs } from "./schedule.ts";
import {
  type AttemptRecord,
  type ClaimedRow,
  clearFailures,
  countDeadLetterIfChanged,
  disableIfChanged,
  endAttempt,
} from "./store.ts";
import type { Write } from "./together.ts";

/** A claimed delivery with all that it takes to send it. */
export interface Claim {
  readonly delivery: ClaimedRow;
  readonly subscription: Subscription;
  /** The present one first. */
  readonly secrets: readonly SealedSecret[];
}

const timeoutMs = 10_000;
/** How much of an answer is kept. */
const keptBytes = 1024;
/** Dead letters in a row after which a subscription is disabled. */
const deadLettersAtMost = 5;

/** 410: the receiver wants no more (Standard Webhooks). */
const gone = 410;

async function openSecrets(context: Context, secrets: readonly SealedSecret[]): Promise<[string, ...string[]]> {
  const ring = context.settings.keyEncryptionKeys;
  const opened = await Promise.all(
    secrets.map(({ id, privateSealed }) => open(ring, privateSealed, sealedPlace.webhookSecret(id))),
  );
  const [present, ...previous] = opened.filter((secret) => secret !== null);
  // Nothing goes out unsigned, or signed with an old secret only. It is our fault, so it counts as no attempt.
  if (present === undefined || opened[0] === null) {
    throw new DependencyDown("The store of signing secrets", new Error("A webhook's secret cannot be opened"));
  }
  return [present, ...previous];
}

/** What an answer came to. */
export interface Outcome extends AttemptRecord {
  readonly ok: boolean;
  /** How long the receiver wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** Text as it can be stored and shown, whatever was sent. A character that the limit cuts in two is left out. */
const textOf = (body: Uint8Array) => new TextDecoder().decode(body, { stream: true }).replaceAll("\0", "\ufffd");

function outcomeOf(answer: OutboundAnswer, nowMs: number): Outcome {
  if (!answer.ok) {
    const httpStatusCode = answer.reason === "redirect" ? answer.status : null;
    return { ok: false, httpStatusCode, responseBody: null, error: answer.detail, retryAfterMs: null };
  }
  const { status, headers, body } = answer;
  const ok = status >= 200 && status < 300;
  return {
    ok,
    httpStatusCode: status,
    responseBody: textOf(body),
    error: ok ? null : `answered ${status}`,
    retryAfterMs: ok ? null : retryAfterMs(headers.get("Retry-After"), nowMs),
  };
}

/** Signs a delivery and sends it. */
export async function send(context: Context, { delivery, subscription, secrets }: Claim): Promise<Outcome> {
  const { eventId, eventType, payload } = delivery;
  const message = { id: eventId, event: eventType, body: payload, sentAtMs: context.now() };
  const answer = await outboundFetch(context, subscription.url, {
    method: "POST",
    headers: signedHeaders(await openSecrets(context, secrets), message),
    body: payload,
    timeoutMs,
    maxBytes: keptBytes,
    whenTooLarge: "truncate",
  });
  return outcomeOf(answer, context.now());
}

function noteSuccess(
  context: Context,
  { delivery }: Claim,
  record: AttemptRecord,
  { tookLong, write }: Watch,
): Promise<void> {
  const nowMs = context.now();
  const end = { ...record, status: "delivered", dueAt: null, deliveredAt: nowMs } as const;
  return write(
    endAttempt(context, delivery, end, nowMs),
    clearFailures(context, delivery.subscriptionId, !tookLong(), nowMs),
  );
}

async function noteFailure(context: Context, { delivery }: Claim, record: AttemptRecord, pauseMs: number) {
  const nowMs = context.now();
  const end = { ...record, status: "failed", dueAt: nowMs + pauseMs, deliveredAt: null } as const;
  await endAttempt(context, delivery, end, nowMs);
  await queueDeliveries(context, [delivery.id], Math.ceil(pauseMs / 1000));
}

/** Gives a delivery up. The subscription is disabled with it when the receiver is gone, or has failed too often in a row. */
async function noteDeadLetter(context: Context, { delivery }: Claim, record: AttemptRecord) {
  const nowMs = context.now();
  const { organizationId, subscriptionId } = delivery;
  const isGone = record.httpStatusCode === gone;
  const event = newEvent(context, null, {
    organizationId,
    action: "webhook.disabled",
    agentId: null,
    target: subscriptionId,
    details: { reason: isGone ? "gone" : "dead_letters", deliveryId: delivery.id },
  });
  const [, , disabled] = await context.db.batch([
    endAttempt(context, delivery, { ...record, status: "dead_letter", dueAt: null, deliveredAt: null }, nowMs),
    countDeadLetterIfChanged(context, subscriptionId, nowMs),
    disableIfChanged(context, subscriptionId, isGone ? 0 : deadLettersAtMost),
    outboxInsertIfChanged(context, event),
  ]);
  if (disabled.meta.changes > 0) await publish(context, organizationId);
}

/** What an attempt needs to know of the batch that it belongs to. */
export interface Watch {
  /** Whether the batch has stopped waiting for it. */
  tookLong(): boolean;
  readonly write: Write;
}

/**
 * Sends a claimed delivery and writes down what came of it.
 *
 * @throws {Error} when it could not be sent for a reason of our own, or the outcome could not be written: the claim runs out,
 *   and the delivery is due again
 */
export async function attempt(context: Context, claim: Claim, watch: Watch): Promise<void> {
  const { ok, retryAfterMs: askedMs, ...record } = await send(context, claim);
  const failed = claim.delivery.attemptCount + 1;
  const pauseMs = record.httpStatusCode === gone ? null : pauseAfter(failed, askedMs, Math.random());
  count("agentidp_webhook_deliveries_total", {
    outcome: ok ? "delivered" : pauseMs === null ? "dead_letter" : "failed",
  });
  if (ok) await noteSuccess(context, claim, record, watch);
  else if (pauseMs === null) await noteDeadLetter(context, claim, record);
  else await noteFailure(context, claim, record, pauseMs);
}
