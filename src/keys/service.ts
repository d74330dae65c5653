/** The service's own signing keys: what they sign and verify with, how they are published, replaced and dropped. */
export { currentSigningKey, forgetSigningKeys, type VerificationKey, verificationKey } from "./cache.ts";
export { inspectPrivateKeys, type KeyInspection, type SealedTable, sealedTables } from "./inspection.ts";
export { keySet, type PublishedKey, publishedKeys } from "./jwks.ts";
export type { SigningKey } from "./key-pairs.ts";
export { ensureSigningKeys } from "./provision.ts";
export { type KeyRecord, keyRecords } from "./records.ts";
export { type Rotation, rotateSigningKeys } from "./rotation.ts";
export type { PublishedJwk, SigningAlg } from "./schema.ts";
export { upkeepSigningKeys } from "./upkeep.ts";
