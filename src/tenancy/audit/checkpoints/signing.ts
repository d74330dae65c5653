/** A checkpoint: the service's signature under the hash of one event, and thereby under every event before it. */
import { SignJWT } from "jose";
import { currentSigningKey, type KeyRecord, keyRecords, type SigningKey } from "../../../keys/service.ts";
import type { ChainHead } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import { readJws, verifyJws } from "../../../platform/crypto/jws.ts";
import type { EventId, OrganizationId } from "../../../platform/ids.ts";
import { isoOf } from "../../../platform/time.ts";
import type { Checkpoint } from "./store.ts";

/** No other kind of token has this type, so none passes for a checkpoint, and no checkpoint for a token (RFC 8725 3.11). */
const type = "audit-checkpoint+jwt";

/** The key for checkpoints. */
export const checkpointKey = (context: Context): Promise<SigningKey> => currentSigningKey(context, "ES256");

/** Whether a column that anything can stand in holds what Date has an ISO form for (ECMAScript 21.4.1.1). */
export const isTime = (ms: number): boolean => Number.isSafeInteger(ms) && Math.abs(ms) <= 8.64e15;

type Signed = Pick<Checkpoint, "organizationId" | "sequence" | "hash" | "timestamp">;

const claimsOf = ({ organizationId, sequence, hash, timestamp }: Signed) => ({
  organizationId,
  sequence,
  hash,
  timestamp: isoOf(timestamp),
});

/** Signs a place of a chain. What the ledger says of it is what is signed: the database may have been changed. */
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

/** The keys that checkpoints were signed with, retired ones among them. */
export interface CheckpointKeys {
  readonly records: ReadonlyMap<string, KeyRecord>;
  /**
   * Keys that were stolen. Whoever has one can date a checkpoint back, so what it signed counts for nothing, neither for a
   * chain nor against it; the scheduled run signs the end of each such chain anew.
   */
  readonly distrustedKids: readonly string[];
}

export async function checkpointKeys(context: Context): Promise<CheckpointKeys> {
  const records = await keyRecords(context);
  const compromised = [...records.values()].filter(({ compromisedAtMs }) => compromisedAtMs !== null);
  return { records, distrustedKids: compromised.map(({ kid }) => kid) };
}

/** Whether the service has signed what the row says. */
export async function isSigned({ records }: CheckpointKeys, checkpoint: Checkpoint): Promise<boolean> {
  const record = records.get(checkpoint.kid);
  const header = readJws(checkpoint.jws)?.header;
  if (record?.alg !== "ES256" || record.compromisedAtMs !== null || header?.kid !== record.kid) return false;
  if (!isTime(checkpoint.timestamp)) return false;
  const claims = await verifyJws(checkpoint.jws, { key: await record.verificationKey(), alg: "ES256", typ: type });
  return claims !== null && Object.entries(claimsOf(checkpoint)).every(([name, value]) => claims[name] === value);
}
