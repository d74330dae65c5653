/** Creates the missing secrets of the local Worker. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { devVarsPath, readAssignments, writePrivateFile } from "./files.ts";

const random32 = () => randomBytes(32).toString("base64url");

const makers: Readonly<Record<string, () => string>> = {
  KEY_ENCRYPTION_KEYS: () => `local-1:${random32()}`,
  SECRET_HASH_KEYS: () => `local-1:${random32()}`,
  SETUP_TOKEN: random32,
};

/** Another issuer, such as a tunnel, is the user's choice and stays. */
const localIssuer = /^http:\/\/localhost(:\d+)?$/;

/**
 * Completes `.dev.vars`: adds the missing secrets and sets a local `ISSUER` to the port.
 *
 * @param issuer such as `http://localhost:8787`
 * @returns the set-up token
 */
export function ensureSecrets(issuer: string): string {
  const before = existsSync(devVarsPath) ? readFileSync(devVarsPath, "utf8") : "";
  const assignments = readAssignments(devVarsPath);
  const isLocal = localIssuer.test(assignments.get("ISSUER") ?? "http://localhost");
  const kept = before.split("\n").filter((line) => line !== "" && !(isLocal && /^\s*ISSUER\s*=/.test(line)));
  const added = Object.entries(makers)
    .filter(([name]) => !assignments.get(name))
    .map(([name, make]) => `${name}=${make()}`);
  const after = `${[...(isLocal ? [`ISSUER=${issuer}`] : []), ...kept, ...added].join("\n")}\n`;
  if (after !== before) writePrivateFile(devVarsPath, after);
  return readAssignments(devVarsPath).get("SETUP_TOKEN") ?? "";
}
