/** Signatures of webhooks, by Standard Webhooks (https://www.standardwebhooks.com). */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Advice } from "./settings.js";

/** A delivery is refused when it was signed longer ago than this, or further in the future: it may be a replay. */
const toleranceSeconds = 300;

export interface SignedHeaders {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: string;
  /** `v1,` and base64; several with a space between them while the secret is being rotated. */
  readonly signature: string;
}

/** The key in a `signingSecret`: the bytes after `whsec_`. */
export function keyOf(signingSecret: string): Buffer {
  if (!/^whsec_[A-Za-z0-9+/]{43}=$/.test(signingSecret)) {
    throw new Advice("WEBHOOK_SECRET is not the signingSecret of a webhook: whsec_ and 44 characters.");
  }
  return Buffer.from(signingSecret.slice("whsec_".length), "base64");
}

/** Why a delivery is refused; null when its body was signed with the key, now. Give it the received bytes, not parsed JSON. */
export function refusalOf(key: Buffer, headers: SignedHeaders, body: Buffer, nowSeconds: number): string | null {
  const { id, timestamp, signature } = headers;
  if (!id || !timestamp || !signature) return "a webhook- header is missing";
  if (!/^\d{1,15}$/.test(timestamp)) return "webhook-timestamp is not a number";
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds)
    return "it was not signed within the last five minutes";
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  const isEqual = (given: Buffer) => given.length === expected.length && timingSafeEqual(given, expected);
  const candidates = signature.split(" ").filter((one) => one.startsWith("v1,"));
  return candidates.some((one) => isEqual(Buffer.from(one.slice("v1,".length), "base64")))
    ? null
    : "no signature is of this secret";
}
