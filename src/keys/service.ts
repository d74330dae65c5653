/** The service's own signing keys: signing, verification, publication, rotation, and drops of compromised keys. */
export { currentSigningKey, forgetSigningKeys, verificationKey } from "./cache.ts";
export { inspectPrivateKeys, sealedTables } from "./inspection.ts";
export { keySet } from "./jwks.ts";
export type { SigningKey } from "./key-pairs.ts";
export { maintainSigningKeys, maintenance } from "./maintenance.ts";
export { ensureSigningKeys } from "./provision.ts";
export { type KeyRecord, keyRecords } from "./records.ts";
export { rotateSigningKeys } from "./rotation.ts";
export type { PublishedJwk } from "./schema.ts";
