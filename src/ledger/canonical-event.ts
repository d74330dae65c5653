/**
 * The RFC 8785 form of an audit event: the same bytes as `canonicalJson` gives, many times faster, because an event's own
 * members are known and stand here in their order. Verifying a long log is mostly this and SHA-256.
 */
import { canonicalJson } from "../platform/crypto/canonical-json.ts";
import type { AuditEvent } from "./chain-contract.ts";

/** JavaScript moves names that look like array indexes to the front of an object, and `__proto__` is no name like others. */
const oddName = /^[0-9]|^__proto__$/;

/** Says that a value is one for the library, to express or to refuse. */
class NotPlain extends Error {}

/** The value with the members of every object in the order of UTF-16 code units (RFC 8785 3.2.3), that of `<` and `sort`. */
function ordered(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "boolean" || value === null || value === undefined) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) throw new NotPlain();
  const names = Object.keys(value);
  let previous = "";
  let inOrder = true;
  for (const name of names) {
    if (oddName.test(name)) throw new NotPlain();
    inOrder &&= previous <= name;
    previous = name;
  }
  const copy: Record<string, unknown> = {};
  for (const name of inOrder ? names : names.sort()) copy[name] = ordered((value as Record<string, unknown>)[name]);
  return copy;
}

/** What JSON.stringify makes of half a surrogate pair, for which JCS has no form. */
const escapedSurrogate = "\\ud";

/**
 * The canonical form of an event without its hash: the text that is hashed.
 *
 * @throws {Error} for what JCS cannot express, such as half a surrogate pair
 */
export function canonicalEvent(event: Omit<AuditEvent, "hash">): string {
  try {
    // RFC 8785 3.2.3: in this order.
    const json = JSON.stringify({
      action: ordered(event.action),
      actor: ordered(event.actor),
      agentId: ordered(event.agentId),
      details: ordered(event.details),
      eventId: ordered(event.eventId),
      organizationId: ordered(event.organizationId),
      outcome: ordered(event.outcome),
      previousHash: ordered(event.previousHash),
      sequence: ordered(event.sequence),
      target: ordered(event.target),
      timestamp: ordered(event.timestamp),
    });
    if (!json.includes(escapedSurrogate)) return json;
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
  }
  const { action, actor, agentId, details, eventId, organizationId, outcome, previousHash } = event;
  const { sequence, target, timestamp } = event;
  const parts = { action, actor, agentId, details, eventId, organizationId, outcome, previousHash };
  return canonicalJson({ ...parts, sequence, target, timestamp });
}
