/** Web Crypto in the tests: a new RSA key is one that exists already (`rsa-keys.ts`). No file gets the same one twice. */

type Generate = (
  algorithm: SubtleCryptoGenerateKeyAlgorithm,
  extractable: boolean,
  usages: string[],
) => Promise<CryptoKey | CryptoKeyPair>;

const isServed = ({ name, modulusLength }: SubtleCryptoGenerateKeyAlgorithm) =>
  (name === "RSASSA-PKCS1-v1_5" || name === "RSA-PSS") && modulusLength === 2048;

const subtle: { generateKey: Generate } = crypto.subtle;
/** Where the function of the runtime is, for the files of a process that come after the first. */
const kept = Symbol.for("the runtime's own generateKey");
const ofProcess = globalThis as { [kept]?: Generate };

/** Serves the keys from now on, from the first one again. */
export function serveRsaKeys(keys: readonly JsonWebKey[]): void {
  const left = [...keys];
  const generate = ofProcess[kept] ?? subtle.generateKey.bind(subtle);
  ofProcess[kept] = generate;
  subtle.generateKey = async (algorithm, extractable, usages) => {
    const jwk = isServed(algorithm) ? left.shift() : undefined;
    if (!jwk) return generate(algorithm, extractable, usages);
    const { kty, n, e } = jwk as Record<"kty" | "n" | "e", string>;
    const { name, hash } = algorithm as Record<"name" | "hash", string>;
    return {
      publicKey: await crypto.subtle.importKey("jwk", { kty, n, e }, { name, hash }, true, ["verify"]),
      privateKey: await crypto.subtle.importKey("jwk", jwk, { name, hash }, extractable, ["sign"]),
    };
  };
}
