/** Branded identifiers, so that the compiler refuses an agent's id in the place of an organization's. */
import { z } from "@hono/zod-openapi";
import { v7 } from "uuid";

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type OrganizationId = Id<"OrganizationId">;
/** Also the OAuth `client_id` of the agent. */
export type AgentId = Id<"AgentId">;
export type CredentialId = Id<"CredentialId">;
export type EventId = Id<"EventId">;
/** Of a webhook subscription. */
export type WebhookId = Id<"WebhookId">;
/** Of the delivery of one event to one webhook subscription. */
export type DeliveryId = Id<"DeliveryId">;
/** The chain id of a delegation. */
export type DelegationId = Id<"DelegationId">;
/** The `jti` of an access token. */
export type TokenId = Id<"TokenId">;

/** The id of a change that a ledger expects. */
export type HoldId = Id<"HoldId">;
export type DomainId = Id<"DomainId">;
export type ResourceId = Id<"ResourceId">;

/** A scope: a platform scope such as `agents:read`, or an agent's own capability such as `resume:read`. */
export type Scope = string & { readonly [brand]: "Scope" };

const uuid = z.uuid({ error: "must be a UUID" }).toLowerCase();

export const organizationIdSchema = uuid.transform((id) => id as OrganizationId);
export const agentIdSchema = uuid.transform((id) => id as AgentId);
export const credentialIdSchema = uuid.transform((id) => id as CredentialId);
export const delegationIdSchema = uuid.transform((id) => id as DelegationId);
export const webhookIdSchema = uuid.transform((id) => id as WebhookId);
export const deliveryIdSchema = uuid.transform((id) => id as DeliveryId);
export const domainIdSchema = uuid.transform((id) => id as DomainId);
export const resourceIdSchema = uuid.transform((id) => id as ResourceId);
export const eventIdSchema = uuid.transform((id) => id as EventId);

let latest = { msecs: 0, seq: 0 };

const bytesOfOne = 16;
/** Random bytes for 64 ids: a call for one id costs nearly as much as a call for many. */
const pool = new Uint8Array(64 * bytesOfOne);
let used = pool.length;

function takeRandom(): Uint8Array {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += bytesOfOne;
  return pool.subarray(used - bytesOfOne, used);
}

/** A random 31-bit start for the count. `v7` takes the end of the id from the other 12 bytes. */
const startOf = ([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 1;

/**
 * A new UUID v7 (RFC 9562 5.7): its first 48 bits are the time, so ids sort by creation. Within a millisecond, the next 32 bits
 * count up from a random start (RFC 9562 6.2, method 1). `nowMs` is in milliseconds since the epoch.
 */
export function newId<T extends Id<string>>(nowMs: number): T {
  const random = takeRandom();
  const seq = latest.msecs === nowMs ? latest.seq + 1 : startOf(random);
  latest = { msecs: nowMs, seq };
  return v7({ ...latest, random }) as T;
}

/**
 * A new UUID v7 whose first 48 bits are a place in an order that gives each place once. The place can be ahead of the clock, so
 * the id takes no part in the count of {@link newId} within a millisecond.
 */
export function newIdAt<T extends Id<string>>(place: number): T {
  const random = takeRandom();
  return v7({ msecs: place, seq: startOf(random), random }) as T;
}
