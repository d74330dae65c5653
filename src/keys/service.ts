/** The service's own signing keys: what they sign and verify with, how they are published, replaced and dropped. */
export { currentSigningKey, forgetSigningKeys, verificationKey } from "./cache.ts";
export { inspectPrivateKeys, sealedTables } from "./inspection.ts";
export { keySet } from "./jwks.ts";
export type { SigningKey } from "./key-pairs.ts";
export { maintainSigningKeys } from "./maintenance.ts";
export { ensureSigningKeys } from "./provision.ts";
export { type KeyRecord, keyRecords } from "./records.ts";
export { rotateSigningKeys } from "./rotation.ts";
export type { PublishedJwk } from "./schema.ts";
