/**
 * Attack: timing of a wrong secret, wrong set-up token: constant-time compare. Time cannot be measured well enough to
 * prove it, so the source is held to it: secrets are compared in one place, and nowhere by an operator.
 */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..", "src");
/** The starter projects are texts for the Worker: their code runs elsewhere. */
const isOfProject = (file: string) => /identity\/scaffold\/(languages\/|templates\.ts$)/.test(file);
const files = (await readdir(root, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => !isOfProject(file));
const sources = new Map(files.map((file) => [relative(root, file), readFileSync(file, "utf8")]));

/** Lines of code, without comments. */
const codeOf = (text: string) => text.split("\n").filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line));

/** What a secret, or what is derived of one, is called here. */
const secret =
  "(?:\\w+\\.)*(?:\\w*(?:secret|Secret|setupToken|metricsToken|presented|signature|Signature|mac|hmac|digest)|hash|secretHash|previousSecretHash)";
const comparison = new RegExp(
  `(?<![\\w.])${secret}\\s*(?:===|!==|==|!=)\\s*(?!null|undefined|""|''|"undefined")[\\w.\`"']`,
);
const reversed = new RegExp(`[\\w.\\])]+\\s*(?:===|!==|==|!=)\\s*${secret}(?![\\w(.])`);

describe("secrets are compared in constant time", () => {
  it("by one file, which is the only one that knows how: texts by their digests, keyed hashes character by character", () => {
    const users = [...sources]
      .filter(([, text]) => /timingSafeEqual/.test(codeOf(text).join("\n")))
      .map(([path]) => path);
    expect(users).toEqual(["platform/crypto/keyed-hash.ts"]);
  });

  it("wherever one is presented: a client secret, the set-up token, the token of the metrics, the CSRF token of the console", () => {
    const users = [...sources]
      .filter(([, text]) => /\b(constantTimeEqual|isSameHash)\(/.test(text))
      .map(([path]) => path);
    expect(users.sort()).toEqual([
      "access/idempotency/repetition.ts",
      "identity/console/authenticate.ts",
      "identity/credentials/rotate.ts",
      "ledger/sign-in.ts",
      "platform/crypto/keyed-hash.ts",
      "platform/http/bearer.ts",
    ]);
  });

  it("and nowhere by an operator", () => {
    // The hashes of the audit chain are shown to whoever may read the log.
    const others = [...sources].filter(([path]) => !path.startsWith("tenancy/audit/"));
    const found = others.flatMap(([path, text]) =>
      codeOf(text)
        .filter((line) => comparison.test(line) || reversed.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });

  it("the rule sees what it is for", () => {
    for (const line of [
      "if (presented === setupToken) return null;",
      "if (hash.hash === entry.hash) return true;",
      "return credential.secretHash === hashes[0];",
      "if (a.signature !== expected) return false;",
    ]) {
      expect(comparison.test(line) || reversed.test(line), line).toBe(true);
    }
    expect(comparison.test("if (metricsToken === undefined) return null;")).toBe(false);
  });
});
