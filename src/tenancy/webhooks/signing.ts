/**
 * How a delivery proves where it comes from: the `X-SentryAgent-Signature` of this service, and the headers of Standard
 * Webhooks (standardwebhooks.com). Both are HMAC-SHA-256 (RFC 2104).
 */
import { createHmac } from "node:crypto";
import type { SignedMessage } from "../../deliveries/attempt.ts";

const prefix = "whsec_";
const secretBytes = 32;

/** A new signing secret: `whsec_` and the base64 of 32 random bytes. */
export function newSigningSecret(): string {
  return prefix + Buffer.from(crypto.getRandomValues(new Uint8Array(secretBytes))).toString("base64");
}

/** Standard Webhooks keys the HMAC with what the secret encodes. */
const decoded = (secret: string) => Buffer.from(secret.slice(prefix.length), "base64");

/** `X-SentryAgent-Signature`: over the body alone, keyed with the whole text of the secret. */
const bodySignature = (secret: string, body: string) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

const standardSignature = (secret: string, content: string) =>
  `v1,${createHmac("sha256", decoded(secret)).update(content).digest("base64")}`;

/**
 * The headers of an attempt.
 *
 * While an older secret signs along, `webhook-signature` has a signature of each, which is how Standard Webhooks rotates. Of
 * `X-SentryAgent-Signature` the receivers of this service expect one value and compare it whole, so it stays one value, made
 * with the present secret; those of older ones are in a header of their own, `X-SentryAgent-Signature-Previous`.
 *
 * @param secrets the present one, then those that sign along
 */
export function signedHeaders(
  [present, ...previous]: readonly [string, ...string[]],
  { id, type, body, sentAtMs }: SignedMessage,
): Record<string, string> {
  const timestamp = String(Math.floor(sentAtMs / 1000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    "Content-Type": "application/json",
    "X-SentryAgent-Event": type,
    "X-SentryAgent-Signature": bodySignature(present, body),
    ...(previous.length > 0
      ? { "X-SentryAgent-Signature-Previous": previous.map((secret) => bodySignature(secret, body)).join(",") }
      : {}),
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": [present, ...previous].map((secret) => standardSignature(secret, content)).join(" "),
  };
}
