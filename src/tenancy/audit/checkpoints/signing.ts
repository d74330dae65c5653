/** A checkpoint: the service's signature over the hash of one event, and so over every event before it. */
import { SignJWT } from "jose";
import { type KeyRecord, keyRecords, type SigningKey } from "../../../keys/service.ts";
import type { ChainHead } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import { readJws, verifyJws } from "../../../platform/crypto/jws.ts";
import type { EventId, OrganizationId } from "../../../platform/ids.ts";
import { isoOf } from "../../../platform/time.ts";
import type { Checkpoint } from "./store.ts";

/** No other kind of token has this type, so no token is accepted as a checkpoint, and no checkpoint as a token (RFC 8725 3.11). */
const type = "audit-checkpoint+jwt";

/** Whether a value from an untrusted column is a time that Date can format (ECMAScript 21.4.1.1). */
export const isTime = (ms: number): boolean => Number.isSafeInteger(ms) && Math.abs(ms) <= 8.64e15;

type Signed = Pick<Checkpoint, "organizationId" | "sequence" | "hash" | "timestamp">;

const claimsOf = ({ organizationId, sequence, hash, timestamp }: Signed) => ({
  organizationId,
  sequence,
  hash,
  timestamp: isoOf(timestamp),
});

/** Signs a position of a chain. It comes from the ledger, because an attacker may have changed the database. */
export async function signCheckpoint(
  { kid, alg, key }: SigningKey,
  organizationId: OrganizationId,
  { sequence, hash, eventId }: ChainHead,
  nowMs: number,
): Promise<Checkpoint> {
  const signed = { organizationId, sequence, hash, timestamp: nowMs };
  const jws = await new SignJWT(claimsOf(signed)).setProtectedHeader({ alg, typ: type, kid }).sign(key);
  return { ...signed, eventId: eventId as EventId, kid, jws };
}

/** The keys that have signed checkpoints, retired ones included. */
export interface CheckpointKeys {
  readonly records: ReadonlyMap<string, KeyRecord>;
  /**
   * Compromised keys. An attacker can backdate a checkpoint with such a key, so its checkpoints prove nothing, neither for a
   * chain nor against it. A scheduled task signs the end of each affected chain again.
   */
  readonly distrustedKids: readonly string[];
}

export async function checkpointKeys(context: Context): Promise<CheckpointKeys> {
  const records = await keyRecords(context);
  const compromised = [...records.values()].filter(({ compromisedAtMs }) => compromisedAtMs !== null);
  return { records, distrustedKids: compromised.map(({ kid }) => kid) };
}

/** Whether a trusted key of the service has signed the values of the row. */
export async function isSigned({ records }: CheckpointKeys, checkpoint: Checkpoint): Promise<boolean> {
  const record = records.get(checkpoint.kid);
  const header = readJws(checkpoint.jws)?.header;
  if (record?.alg !== "ES256" || record.compromisedAtMs !== null || header?.kid !== record.kid) return false;
  if (!isTime(checkpoint.timestamp)) return false;
  const claims = await verifyJws(checkpoint.jws, { key: await record.verificationKey(), alg: "ES256", typ: type });
  return claims !== null && Object.entries(claimsOf(checkpoint)).every(([name, value]) => claims[name] === value);
}
