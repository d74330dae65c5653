/** Webhook subscriptions. Their deliveries are in `deliveries/`. */
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { queueDue } from "../../deliveries/queue.ts";
import {
  type EventName,
  type JsonValue,
  recordedWebhookEventNames,
  type WebhookEventName,
} from "../../events/catalogue.ts";
import { differences, fromTo } from "../../events/change.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { seal, sealedPlace } from "../../platform/crypto/sealing.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { newId, type OrganizationId, type WebhookId, webhookIdSchema } from "../../platform/ids.ts";
import { checkOutboundTarget } from "../../platform/outbound/resolve.ts";
import { invalid, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { dayMs, isoOf } from "../../platform/time.ts";
import { webhookChannel } from "./deliveries/channel.ts";
import type { ChangeWebhook, CreateWebhook, Webhook, WebhookWithSecret } from "./schema.ts";
import { newSigningSecret } from "./signing.ts";
import {
  countSubscriptions,
  deleteContentOf,
  deleteSpentSecrets,
  deleteSubscription,
  expireSecretsBut,
  findSubscription,
  insertSecretIfChanged,
  insertSubscription,
  keepPastStateIfChanged,
  listSubscriptions,
  type SubscriptionChange,
  updateSubscription,
  type WebhookSubscription,
} from "./store.ts";

export { maintainWebhookDeliveries, webhookMessages } from "./deliveries/channel.ts";
export { listDeliveries, readDelivery, redeliver, testWebhook } from "./deliveries/on-demand.ts";
export { eraseInDeliveries, mayShowErased } from "./deliveries/store.ts";
export { webhookSubscriber } from "./deliveries/subscriber.ts";
export { describeWebhooks } from "./document.ts";
export { removeWebhooksOf } from "./removal.ts";

/** How many subscriptions an organization may have. */
const maxWebhooks = 100;
/** How long an old secret stays valid after a rotation. */
const overlapMs = dayMs;
/** The valid secrets at most. It limits the size of the headers after many rotations. */
const maxSecrets = 10;
/** The concurrent attempts that a resumed subscription starts with. */
const resumedWidth = 5;

function publicWebhook(subscription: WebhookSubscription): Webhook {
  const { id, organizationId, name, url, events, active, failureCount, createdAt, updatedAt } = subscription;
  return {
    id,
    organization_id: organizationId,
    name,
    url,
    events: [...events] as WebhookEventName[],
    active,
    failure_count: failureCount,
    created_at: isoOf(createdAt),
    updated_at: isoOf(updatedAt),
  };
}

/** A new secret, and its row. The secret is sealed and not hashed, because it signs deliveries. */
async function newWebhookSecret(context: Context, subscriptionId: WebhookId) {
  const createdAt = context.now();
  const id: string = newId(createdAt);
  const signingSecret = newSigningSecret();
  const privateSealed = await seal(context.settings.keyEncryptionKeys, signingSecret, sealedPlace.webhookSecret(id));
  return { signingSecret, row: { id, subscriptionId, privateSealed, createdAt, expiresAt: null } };
}

function webhookEvent(
  context: Context,
  caller: Caller,
  action: EventName & `webhook.${string}`,
  { id, organizationId }: WebhookSubscription,
  details: { readonly [key: string]: JsonValue },
) {
  return newEvent(context, actorOf(context, caller), { organizationId, action, agentId: null, target: id, details });
}

/** The URL in its normal form (WHATWG), or `VALIDATION_ERROR` for one that the service must not call. */
async function checkedUrl(context: Context, text: string): Promise<Result<string>> {
  const refused = (message: string) => invalid([{ path: "url", message, received: text }]);
  const url = await checkOutboundTarget(context, text);
  if (!url.ok) return refused(url.message);
  return url.value.origin === context.settings.issuer ? refused("must not be this service itself") : ok(url.value.href);
}

/** The path and query of a hook are often a password, and more people read the audit log than the subscription. */
const originOf = (url: string) => new URL(url).origin;

/**
 * Subscribes a URL to events of the caller's organization. Only this response has the secret.
 *
 * @returns `VALIDATION_ERROR` for a `url` that the service must not call, `FREE_TIER_LIMIT_EXCEEDED` for more than 100
 *   subscriptions
 */
export async function createWebhook(
  context: Context,
  caller: Caller,
  input: CreateWebhook,
): Promise<Result<WebhookWithSecret>> {
  const checked = await checkedUrl(context, input.url);
  if (!checked.ok) return checked;
  const url = checked.value;
  const { organizationId } = caller;
  const nowMs = context.now();
  const subscription: WebhookSubscription = {
    ...input,
    url,
    id: newId<WebhookId>(nowMs),
    organizationId,
    failureCount: 0,
    slowUntil: 0,
    createdAt: nowMs,
    updatedAt: nowMs,
    matchesAfter: wantsRecorded(input) ? await positionOf(context, organizationId) : null,
  };
  const { signingSecret, row } = await newWebhookSecret(context, subscription.id);
  const { name, events, active } = input;
  const details = { name, origin: originOf(url), events, active };
  const event = webhookEvent(context, caller, "webhook.created", subscription, details);
  const insertion = insertSubscription(context, subscription, maxWebhooks);
  const created = { ...publicWebhook(subscription), signingSecret };
  const answered = await answering(context, created);
  if (!(await commitChange(answered, [insertion, insertSecretIfChanged(context, row)], [event]))) {
    const current = await countSubscriptions(context, organizationId);
    // Another one was deleted meanwhile, or the organization.
    if (current < maxWebhooks) return problem("SERVICE_UNAVAILABLE", "The webhook was not created; try again.");
    return problem("FREE_TIER_LIMIT_EXCEEDED", `An organization may have ${maxWebhooks} webhooks; delete one first.`, {
      details: { limit: "maxWebhooks", max: maxWebhooks, current },
    });
  }
  return ok(created);
}

/** The subscriptions of the caller's organization, newest first. */
export async function listWebhooks(
  context: Context,
  { organizationId }: Caller,
  request: PageRequest,
): Promise<Result<Page<Webhook>>> {
  return pageOf({ name: "webhooks", organizationId }, webhookIdSchema, request, {
    read: (page) => listSubscriptions(context, organizationId, page),
    keyOf: ({ id }) => id,
    show: publicWebhook,
  });
}

/** One subscription, or `WEBHOOK_NOT_FOUND`. */
export async function readWebhook(
  context: Context,
  { organizationId }: Caller,
  webhookId: WebhookId,
): Promise<Result<Webhook>> {
  const subscription = await findSubscription(context, organizationId, webhookId);
  return subscription ? ok(publicWebhook(subscription)) : problem("WEBHOOK_NOT_FOUND");
}

/** The fields that the input changes. Setting `active` also resets the failures, and so does another URL: they are of the old one. */
function changeOf(before: WebhookSubscription, input: ChangeWebhook): SubscriptionChange {
  const change = differences(before, input);
  const isOtherUrl = change.url !== undefined && change.url !== new URL(before.url).href;
  const hasFailures = before.failureCount > 0 || before.slowUntil > 0;
  const resets = (input.active === true && !before.active) || ((input.active === true || isOtherUrl) && hasFailures);
  return resets ? { ...change, failureCount: 0, slowUntil: 0 } : change;
}

/** The fields of a subscription for its events. */
const publicFields = ({ slowUntil: _, matchesAfter: __, url, ...fields }: WebhookSubscription) => ({
  ...fields,
  url: originOf(url),
});

const wantsRecorded = ({ events }: Pick<WebhookSubscription, "events">): boolean =>
  events.some((name) => recordedWebhookEventNames.includes(name));

/**
 * The last event of the organization's ledger, whose events come to D1 later. A change takes effect between its request and its answer: for
 * the ledger's events right after this one, and for the events of other changes at its write to D1.
 */
const positionOf = (context: Context, organizationId: OrganizationId): Promise<number> =>
  ledgerOf(context, organizationId).position();

/**
 * Changes a subscription. A paused one gets no new deliveries; deliveries from before wait until it is resumed.
 *
 * @returns `WEBHOOK_NOT_FOUND`, `PRECONDITION_FAILED`, `VALIDATION_ERROR` for a `url` that the service must not call
 */
export async function changeWebhook(
  context: Context,
  caller: Caller,
  webhookId: WebhookId,
  input: ChangeWebhook,
  preconditions: Preconditions,
): Promise<Result<Webhook>> {
  const { organizationId } = caller;
  return untilWritten(async () => {
    const before = await findSubscription(context, organizationId, webhookId);
    if (!before) return problem("WEBHOOK_NOT_FOUND");
    const unmet = refuseUnmet(preconditions, publicWebhook(before));
    if (unmet) return unmet;
    const url = input.url === undefined ? ok(undefined) : await checkedUrl(context, input.url);
    if (!url.ok) return url;
    const change = changeOf(before, { ...input, ...(url.value === undefined ? {} : { url: url.value }) });
    if (Object.keys(change).length === 0) return ok(publicWebhook(before));
    const matchesOthers =
      (change.active !== undefined || change.events !== undefined) &&
      [before, { ...before, ...change }].some(wantsRecorded);
    const position = matchesOthers ? await positionOf(context, organizationId) : null;
    const updatedAt = nextVersion(context, before);
    const after = { ...before, ...change, updatedAt };
    const details = fromTo(publicFields(before), publicFields(after), change);
    const event = webhookEvent(context, caller, "webhook.updated", before, details);
    const moved = position === null ? change : { ...change, matchesAfter: position };
    const update = updateSubscription(context, before, moved, updatedAt);
    // Between two changes without an event of the ledger there is nothing that it could match.
    const isPast = before.active && wantsRecorded(before) && (before.matchesAfter ?? 0) < (position ?? 0);
    const past = isPast && position !== null ? [keepPastStateIfChanged(context, before, position)] : [];
    const written = await commitChange(context, [update], [event], past);
    if (!written) return null;
    if (change.active) await queueDue(webhookChannel, context, [webhookId], resumedWidth);
    return ok(publicWebhook(after));
  });
}

/** Deletes a subscription with its secrets and its deliveries; `WEBHOOK_NOT_FOUND`, `PRECONDITION_FAILED`. */
export async function deleteWebhook(
  context: Context,
  caller: Caller,
  webhookId: WebhookId,
  preconditions: Preconditions,
): Promise<Result<undefined>> {
  const { organizationId } = caller;
  return untilWritten(async () => {
    const subscription = await findSubscription(context, organizationId, webhookId);
    if (!subscription) return problem("WEBHOOK_NOT_FOUND");
    const unmet = refuseUnmet(preconditions, publicWebhook(subscription));
    if (unmet) return unmet;
    const { name, url } = subscription;
    const event = webhookEvent(context, caller, "webhook.deleted", subscription, { name, origin: originOf(url) });
    const deletion = deleteSubscription(context, subscription);
    const deleted = await commitChange(context, [deletion], [event], deleteContentOf(context, subscription));
    return deleted && ok();
  });
}

/** Creates a new secret, which only this response has. Older secrets stay valid for 24 hours. */
export async function rotateSecret(
  context: Context,
  caller: Caller,
  webhookId: WebhookId,
): Promise<Result<WebhookWithSecret>> {
  const { organizationId } = caller;
  return untilWritten(async () => {
    const before = await findSubscription(context, organizationId, webhookId);
    if (!before) return problem("WEBHOOK_NOT_FOUND");
    const nowMs = context.now();
    const { signingSecret, row } = await newWebhookSecret(context, webhookId);
    const expiresAt = nowMs + overlapMs;
    const details = { previousExpiresAt: isoOf(expiresAt) };
    const event = webhookEvent(context, caller, "webhook.secret_rotated", before, details);
    const updatedAt = nextVersion(context, before);
    const rotated = { ...publicWebhook({ ...before, updatedAt }), signingSecret };
    const written = await commitChange(
      await answering(context, rotated),
      [updateSubscription(context, before, {}, updatedAt), insertSecretIfChanged(context, row)],
      [event],
      [expireSecretsBut(context, row, expiresAt), deleteSpentSecrets(context, webhookId, nowMs, maxSecrets)],
    );
    return written && ok(rotated);
  });
}
