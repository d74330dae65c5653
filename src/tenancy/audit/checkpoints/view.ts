/** The wire form of a checkpoint. */
import type { KeyRecord } from "../../../keys/service.ts";
import { isoOf, isoOrNull } from "../../../platform/time.ts";
import type { CheckpointView } from "./schema.ts";
import { isTime } from "./signing.ts";
import type { Checkpoint } from "./store.ts";

/** A checkpoint with the key that signed it; undefined: the key is not known. */
export const checkpointView = (
  { sequence, eventId, hash, timestamp, jws }: Checkpoint,
  key: KeyRecord | undefined,
): CheckpointView => ({
  sequence,
  eventId,
  hash,
  timestamp: isoOf(isTime(timestamp) ? timestamp : 0),
  jws,
  publicKeyJwk: key?.publicJwk ?? null,
  keyCompromisedAt: isoOrNull(key?.compromisedAtMs ?? null),
});
