/** Verifies webhooks (standardwebhooks.com). */
import { decode, Mismatch } from "./decode.ts";
import { AgentIdPError, configError } from "./errors.ts";
import { eventModels, type WebhookEvent } from "./generated/events.ts";
import { exposed, Secret } from "./secret.ts";

export type { WebhookEvent, WebhookEventOf } from "./generated/events.ts";

/** The headers of a request, in any of the forms that frameworks have them. Names in any case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The bytes as they were received. A body that was parsed and written again can have another signature. */
export type RawBody = string | Uint8Array | ArrayBuffer;

/** Clocks may differ by this, either way. Older deliveries are repetitions of an attacker. */
const toleranceSeconds = 300;

type Reason = "MISSING_HEADER" | "TOO_OLD" | "TOO_NEW" | "WRONG_SIGNATURE";

const messages: Readonly<Record<Reason, string>> = {
  MISSING_HEADER: "A header of the signature is missing or malformed.",
  TOO_OLD: "The delivery is older than five minutes.",
  TOO_NEW: "The time of the delivery is in the future.",
  WRONG_SIGNATURE: "No signature is of any of the secrets.",
};

const refuse = (reason: Reason): AgentIdPError =>
  new AgentIdPError("Auth", messages[reason], { code: `WEBHOOK_${reason}` });

function headerOf(headers: WebhookHeaders, name: string): string {
  // Not by `instanceof`: a framework can have `Headers` of its own.
  if (typeof headers.get === "function") return headers.get(name) ?? "";
  const [, value] =
    Object.entries(headers as Readonly<Record<string, string | readonly string[] | undefined>>).find(
      ([key]) => key.toLowerCase() === name,
    ) ?? [];
  return typeof value === "string" ? value : (value?.[0] ?? "");
}

function bytesOf(body: RawBody): Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  // A buffer of Node is one, too.
  if (body instanceof Uint8Array) return new Uint8Array(body);
  throw configError("The body is parsed already. Verify the bytes as they were received.", "WEBHOOK_PARSED_BODY");
}

/** Null for what is no base64. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

const hmac = { name: "HMAC", hash: "SHA-256" };

const keyOf = (bytes: Uint8Array<ArrayBuffer>) => crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);

/**
 * Verifies deliveries with the `signingSecret` of a subscription, or with several while it is rotated.
 *
 * @example
 * ```ts
 * const webhook = new Webhook(process.env.WEBHOOK_SECRET);
 * const event = await webhook.verify(await request.text(), request.headers);
 * if (event.event === "agent.suspended") await lockOut(event.data.agentId);
 * ```
 */
export class Webhook {
  readonly #secrets: readonly Secret[];
  readonly #now: () => number;

  /**
   * @param now milliseconds since the epoch, for tests
   * @throws {AgentIdPError} `Config` for no secret, or one that is no `signingSecret`
   */
  constructor(secret: Secret | string | readonly (Secret | string)[], now: () => number = Date.now) {
    const given = Array.isArray(secret) ? (secret as readonly (Secret | string)[]) : [secret as Secret | string];
    this.#secrets = given.map((one) => new Secret(exposed(one)));
    this.#now = now;
    const isSecret = (one: Secret) => /^whsec_.+/.test(one.expose()) && fromBase64(one.expose().slice(6)) !== null;
    if (this.#secrets.length === 0 || !this.#secrets.every(isSecret))
      throw configError("A signing secret begins with `whsec_` and goes on in base64.");
  }

  /**
   * The event of a delivery. An event that this version does not know has its `data` as it came. The same event can be
   * delivered more than once; `id` tells.
   *
   * @throws {AgentIdPError} `Auth` with `WEBHOOK_MISSING_HEADER`, `WEBHOOK_TOO_OLD`, `WEBHOOK_TOO_NEW` or
   *   `WEBHOOK_WRONG_SIGNATURE`; `Config` for a parsed body; `Serde` for a signed body that is no event
   */
  async verify(body: RawBody, headers: WebhookHeaders): Promise<WebhookEvent> {
    const bytes = bytesOf(body);
    const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) =>
      headerOf(headers, `webhook-${name}`),
    );
    if (!id || !signatures || !timestamp || !/^\d{1,12}$/.test(timestamp)) throw refuse("MISSING_HEADER");
    const ageSeconds = this.#now() / 1000 - Number(timestamp);
    if (ageSeconds > toleranceSeconds) throw refuse("TOO_OLD");
    if (ageSeconds < -toleranceSeconds) throw refuse("TOO_NEW");
    const prefix = new TextEncoder().encode(`${id}.${timestamp}.`);
    const signed = new Uint8Array(prefix.length + bytes.length);
    signed.set(prefix);
    signed.set(bytes, prefix.length);
    const given = signatures.split(" ").flatMap((one) => (one.startsWith("v1,") ? [fromBase64(one.slice(3))] : []));
    const keys = this.#secrets.map((secret) => fromBase64(secret.expose().slice(6)));
    if (!(await isSigned(keys, given, signed))) throw refuse("WRONG_SIGNATURE");
    return eventOf(bytes);
  }

  /**
   * The event of a delivery by `X-SentryAgent-Signature` alone, for receivers that have only this header. It signs no time, so
   * **it cannot stop a replay**: keep the ids of events that were handled.
   *
   * @throws {AgentIdPError} as `verify`
   */
  async verifyLegacy(body: RawBody, headers: WebhookHeaders): Promise<WebhookEvent> {
    const bytes = bytesOf(body);
    const present = headerOf(headers, "x-sentryagent-signature");
    if (present === "") throw refuse("MISSING_HEADER");
    const previous = headerOf(headers, "x-sentryagent-signature-previous");
    const given = `${present},${previous}`.split(",").flatMap((one) => {
      const hex = /^sha256=([0-9a-f]{64})$/.exec(one.trim())?.[1];
      return hex ? [Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))] : [];
    });
    // The key is the secret as a text, prefix included.
    const keys = this.#secrets.map((secret) => new TextEncoder().encode(secret.expose()));
    if (!(await isSigned(keys, given, bytes))) throw refuse("WRONG_SIGNATURE");
    return eventOf(bytes);
  }
}

type Bytes = Uint8Array<ArrayBuffer> | null;

/** Tries every secret with every signature. WebCrypto compares in constant time. */
async function isSigned(secrets: readonly Bytes[], given: readonly Bytes[], signed: Uint8Array<ArrayBuffer>) {
  let isFound = false;
  for (const secret of secrets) {
    if (!secret) continue;
    const key = await keyOf(secret);
    for (const signature of given) {
      if (signature && (await crypto.subtle.verify("HMAC", key, signature, signed))) isFound = true;
    }
  }
  return isFound;
}

function eventOf(bytes: Uint8Array): WebhookEvent {
  try {
    const payload: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes));
    const model = eventModels[String(payload.event)];
    const data = model ? decode(`@${model}`, payload.data) : payload.data;
    return { ...payload, timestamp: decode("d", payload.timestamp, false, "timestamp"), data } as WebhookEvent;
  } catch (error) {
    const why = error instanceof Mismatch ? error.message : "it is no JSON";
    throw new AgentIdPError("Serde", `The delivery is no event: ${why}.`, { code: "UNREADABLE_EVENT" });
  }
}
