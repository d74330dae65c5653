/** The keys of delegation tokens: the DID key of the delegator, or a key of the service if the service has no private part of that. */

import { importJWK, type JWK } from "jose";
import { currentSigningKey, verificationKey } from "../../keys/service.ts";
import type { Context } from "../../platform/context.ts";
import { open, sealedPlace, whyNotOpened } from "../../platform/crypto/sealing.ts";
import { DependencyDown } from "../../platform/dependency.ts";
import type { AgentId } from "../../platform/ids.ts";
import { clockSkewMs, longestActiveMs } from "../../platform/lifetimes.ts";
import { log } from "../../platform/log.ts";
import { isYounger } from "../../platform/time.ts";
import { agentDid } from "../dids/service.ts";
import { findKeyByNumber, findPresentKey } from "./store.ts";

/** The `alg` of every delegation token. */
export const delegationAlg = "ES256";

/** The signing key of a delegation token. `kid` is a DID URL that the delegator's DID document resolves. */
export interface DelegationSigner {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** How long a key counts as present after it was read. */
const freshMs = clockSkewMs;

/** The most keys of one kind in the cache of an isolate. */
const mostKept = 1_000;

function keep<K, V>(cache: Map<K, V>, key: K, value: V): V {
  if (cache.size >= mostKept) cache.clear();
  cache.set(key, value);
  return value;
}

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, delegationAlg, { extractable: false });
  if (key instanceof Uint8Array) throw new TypeError("An agent's key is never symmetric");
  return key;
}

/** By the id of the row: a row never gets another key. */
const privateKeys = new Map<string, CryptoKey>();

async function privateKey(context: Context, id: string, sealed: string): Promise<CryptoKey> {
  const known = privateKeys.get(id);
  if (known) return known;
  const ring = context.settings.keyEncryptionKeys;
  const text = await open(ring, sealed, sealedPlace.agentKey(id));
  if (text === null) {
    const reason = whyNotOpened(ring, sealed);
    const cause = new Error(
      `The private part of agent key ${id} cannot be opened with any key of KEY_ENCRYPTION_KEYS: ${reason}`,
    );
    log.error(context, cause.message);
    throw new DependencyDown("The store of agents' keys", cause);
  }
  return keep(privateKeys, id, await imported(JSON.parse(text) as JWK));
}

/**
 * The signing key for the delegations of an agent.
 *
 * @throws {DependencyDown} when the private part cannot be opened with the present `KEY_ENCRYPTION_KEYS`
 */
export async function delegationSigner(context: Context, delegator: AgentId): Promise<DelegationSigner> {
  const did = agentDid(context.settings.issuer, delegator);
  const row = await findPresentKey(context, delegator);
  if (row?.privateSealed) {
    return { kid: `${did}#key-${row.number}`, key: await privateKey(context, row.id, row.privateSealed) };
  }
  const { kid, key } = await currentSigningKey(context, delegationAlg);
  return { kid: `${did}#${kid}`, key };
}

interface KnownKey {
  readonly key: CryptoKey;
  readonly replacedAtMs: number | null;
  readonly readAtMs: number;
}

/** By DID URL. */
const publicKeys = new Map<string, KnownKey>();

async function agentKey(context: Context, agentId: AgentId, number: number, kid: string): Promise<CryptoKey | null> {
  const nowMs = context.now();
  const known = publicKeys.get(kid);
  const isFresh = known !== undefined && isYounger(known.readAtMs, freshMs, nowMs);
  let current = isFresh ? known : null;
  if (!current) {
    const row = await findKeyByNumber(context, agentId, number);
    // With a private key of its own an agent could sign delegations that this service did not make.
    // It is empty after the agent was decommissioned: the service did sign these, and they have ended.
    if (!row || row.privateSealed === null) return null;
    const key = known?.key ?? (await imported(row.publicJwk as JWK));
    current = keep(publicKeys, kid, { key, replacedAtMs: row.replacedAt, readAtMs: nowMs });
  }
  const { key, replacedAtMs } = current;
  return replacedAtMs === null || nowMs < replacedAtMs + longestActiveMs ? key : null;
}

/**
 * The key of a delegation token of this delegator; null when the service has no private part of it, because then the service did
 * not sign the token.
 *
 * @param kid a DID URL, `<delegator's DID>#key-N` or `<delegator's DID>#<kid of a key of the service>`
 */
export async function delegationVerifier(context: Context, delegator: AgentId, kid: string): Promise<CryptoKey | null> {
  const prefix = `${agentDid(context.settings.issuer, delegator)}#`;
  if (!kid.startsWith(prefix)) return null;
  const fragment = kid.slice(prefix.length);
  const [, number] = /^key-([1-9][0-9]{0,8})$/.exec(fragment) ?? [];
  if (number !== undefined) return agentKey(context, delegator, Number(number), kid);
  const key = await verificationKey(context, fragment);
  return key?.alg === delegationAlg ? key.key : null;
}
