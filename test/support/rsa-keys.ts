/**
 * RSA keys that exist before the tests begin. Creating one takes about a tenth of a second of a processor, and almost every
 * file sets up a service with new ones.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** As many as the longest file needs. A file that needs more creates them. */
const count = 40;

/** Private keys, but of tests: they protect nothing, and never leave this machine. */
const path = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "test-rsa-keys.json");

type RsaJwk = Record<string, string>;

function created(): RsaJwk[] {
  const keys = Array.from({ length: count }, () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return privateKey.export({ format: "jwk" }) as RsaJwk;
  });
  mkdirSync(dirname(path), { recursive: true });
  // Renamed, so that a run that starts meanwhile does not read half of it.
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(keys));
  renameSync(`${path}.${process.pid}`, path);
  return keys;
}

/** The private keys, as JWKs of 2048 bits. The first run on a machine creates them, with Node. */
export function rsaKeys(): RsaJwk[] {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as RsaJwk[];
  } catch {
    return created();
  }
}
