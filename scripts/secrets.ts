/** Makes the secrets that the local Worker needs, once, and keeps those that are there. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { devVarsPath, readAssignments, writePrivateFile } from "./files.ts";

const random32 = () => randomBytes(32).toString("base64url");

const makers: Readonly<Record<string, () => string>> = {
  KEY_ENCRYPTION_KEYS: () => `local-1:${random32()}`,
  SECRET_HASH_KEYS: () => `local-1:${random32()}`,
  SETUP_TOKEN: random32,
};

/** An issuer that somebody else chose (a tunnel, say) is not ours to change. */
const localIssuer = /^http:\/\/localhost(:\d+)?$/;

/**
 * Completes `.dev.vars`: adds what is missing, lets a local `ISSUER` follow the port, changes nothing else.
 *
 * @param issuer such as `http://localhost:8787`
 * @returns the set-up token
 */
export function ensureSecrets(issuer: string): string {
  const before = existsSync(devVarsPath) ? readFileSync(devVarsPath, "utf8") : "";
  const known = readAssignments(devVarsPath);
  const ours = localIssuer.test(known.get("ISSUER") ?? "http://localhost");
  const kept = before.split("\n").filter((line) => line !== "" && !(ours && /^\s*ISSUER\s*=/.test(line)));
  const added = Object.entries(makers)
    .filter(([name]) => !known.get(name))
    .map(([name, make]) => `${name}=${make()}`);
  const after = `${[...(ours ? [`ISSUER=${issuer}`] : []), ...kept, ...added].join("\n")}\n`;
  if (after !== before) writePrivateFile(devVarsPath, after);
  return readAssignments(devVarsPath).get("SETUP_TOKEN") ?? "";
}
