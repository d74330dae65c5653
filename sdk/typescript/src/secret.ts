/** A text that no log shows. */
import { checkedText } from "./errors.ts";

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

/**
 * The text of a secret, or of what the caller gave as a text.
 *
 * @throws {AgentIdPError} `Config` for nothing, or for anything else
 */
export function exposed(secret: Secret | string, name = "secret"): string {
  // Not by `instanceof`: two copies of the library can be in one program.
  return checkedText(name, Object(secret).expose?.() ?? secret);
}

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
  // Only with a line or base64 after it: a hint can name the form of a key.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(?=\s*(?:\\[nr]|[\r\n]|[\w+/]{16}))[\s\S]*?(?:-----END|$)/g,
  /(?<="(?:\w*(?:secret|token|assertion|password)\w*|d)"\s*:\s*")(?!\.+")[^"]+/gi,
];

/** A text of the service, without the given secrets and what looks like one. */
export const redactedText = (text: string, secrets: readonly string[] = []): string =>
  [...secrets, ...secretTexts].reduce<string>((rest, pattern) => rest.replaceAll(pattern, redacted), text);

/** Shorter texts are parts of words. */
const shortestSecret = 6;

/** The secrets of a request, in the forms in which an answer can repeat them: plain, in base64, and as parts of URLs and JSON. */
export function sentSecrets(headers: Headers, body = ""): readonly string[] {
  const [, scheme, value = ""] = /^(\S+) (.+)$/.exec(headers.get("authorization") ?? "") ?? [];
  const found = [value.replace(/=+$/, ""), headers.get("dpop") ?? ""];
  const decoded = (text: string) => new URLSearchParams(`a=${text}`).get("a") ?? "";
  const addForm = (text: string) => found.push(text, decoded(text));
  if (scheme === "Basic") addForm(atob(value).replace(/^.*?:/, ""));
  for (const [, form, json = ""] of body.matchAll(/(?:secret|token|assertion)(?:=([^&]+)|":"((?:[^"\\]|\\.)+))/gi))
    addForm(form ?? json);
  return found
    .filter((text) => text.length >= shortestSecret)
    .flatMap((text) => [text, encodeURIComponent(text), text.replaceAll("/", "\\/")])
    .sort((one, other) => other.length - one.length);
}
