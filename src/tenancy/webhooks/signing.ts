/**
 * The signatures of a delivery: `X-SentryAgent-Signature`, and the headers of Standard Webhooks (standardwebhooks.com). Both
 * are HMAC-SHA-256 (RFC 2104).
 */
import { createHmac } from "node:crypto";
import type { SignedMessage } from "../../deliveries/attempt.ts";

const prefix = "whsec_";
const secretBytes = 32;

/** A new signing secret: `whsec_` and the base64 of 32 random bytes. */
export function newSigningSecret(): string {
  return prefix + btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(secretBytes))));
}

/** Standard Webhooks uses the decoded secret as the key. */
const decoded = (secret: string) => Uint8Array.from(atob(secret.slice(prefix.length)), (byte) => byte.charCodeAt(0));

/** `X-SentryAgent-Signature` covers only the body, and uses the text of the secret as the key. */
const bodySignature = (secret: string, body: string) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

const standardSignature = (secret: string, content: string) =>
  `v1,${createHmac("sha256", decoded(secret)).update(content).digest("base64")}`;

/**
 * The headers of an attempt.
 *
 * While older secrets are valid, `webhook-signature` has a signature with each secret, as Standard Webhooks rotates. Receivers
 * compare `X-SentryAgent-Signature` as a whole, so it has only the signature with the present secret; the signatures with older
 * secrets are in `X-SentryAgent-Signature-Previous`.
 *
 * @param secrets the present one, then the older ones
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
