/** A text that no log shows. */

const redacted = "[redacted]";

/**
 * A secret: every way to print it says `[redacted]`, JSON too. `expose()` gives the text.
 *
 * @example
 * ```ts
 * const { clientSecret } = await client.credentials.create(agentId);
 * await vault.store(clientSecret.expose());
 * ```
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself. Keep it out of logs, errors and URLs. */
  expose(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return redacted;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return redacted;
  }
}

/** The text of a secret, or of what the caller gave as a text. */
export const exposed = (secret: Secret | string): string => (typeof secret === "string" ? secret : secret.expose());

/** JSON with the texts of its secrets: a body to send, never to print. */
export function sentJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, shown) {
    const given = this[key];
    return given instanceof Secret ? given.expose() : shown;
  });
}

/** Tokens, client secrets, signing secrets, and the members of JSON that hold one. */
const secretTexts = [
  /(?:sa_del_)?eyJ[\w-]+\.[\w-]*\.?[\w-]*/g,
  /sa_[a-z]+_[\w-]{20,}/g,
  /whsec_[\w+/=-]+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g,
  /(?<="(?:\w*(?:secret|token|assertion|password)\w*|d)"\s*:\s*")[^"]+/gi,
];

/** A text of the service, without what looks like a secret. */
export const redactedText = (text: string): string =>
  secretTexts.reduce((rest, pattern) => rest.replace(pattern, redacted), text);
