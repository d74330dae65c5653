/** Talks to the Worker and shows what is said, with secrets and tokens shortened. */

/** A step that did not go as it should. */
export class Unexpected extends Error {
  override readonly name = "Unexpected";
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Ask {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly token?: string;
  readonly basic?: Credentials;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
}

/** A JSON object whose fields the tour looks at; what is not there shows as a failed expectation. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Conversation {
  /** The origin of the Worker. */
  readonly url: string;
  /** Sends a request and shows both sides; the answer must have this status. */
  ask(path: string, expectedStatus: number, ask?: Ask): Promise<Fields>;
  /** Says something to the reader. */
  say(text: string): void;
}

const grey = (text: string) => (process.stdout.isTTY ? `\x1b[90m${text}\x1b[0m` : text);

/** Shortens client secrets, signing secrets, JWTs and Basic credentials to their beginnings. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/sa_sec_[\w-]{8,}/g, (secret) => `${secret.slice(0, 11)}…`)
    .replace(/whsec_[\w+/=]{8,}/g, (secret) => `${secret.slice(0, 10)}…`)
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, (token) => `${token.slice(0, 14)}…`)
    .replace(/Basic [\w+/=]+/g, "Basic …");
}

function show(text: string): void {
  for (const line of withoutSecrets(text).split("\n")) console.log(`    ${line}`);
}

function shownBody(text: string, contentType: string): string {
  return contentType.includes("json") && text !== "" ? JSON.stringify(JSON.parse(text), null, 2) : text;
}

/** Fails the step unless the condition holds. */
export function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Unexpected(otherwise);
}

/** The text at a dotted path of an answer, such as `admin.clientId`. */
export function textAt(fields: Fields, path: string): string {
  const value = path.split(".").reduce<unknown>((at, name) => (at as Fields | undefined)?.[name], fields);
  if (typeof value !== "string") throw new Unexpected(`The answer has no text at "${path}".`);
  return value;
}

/** A conversation with the Worker at an origin. */
export function converseWith(url: string): Conversation {
  return {
    url,
    say: (text) => console.log(`    ${grey(text)}`),
    async ask(path, expectedStatus, { method, token, basic, json, form } = {}) {
      const body = form ? new URLSearchParams(form) : json === undefined ? null : JSON.stringify(json);
      const chosen = method ?? (body === null ? "GET" : "POST");
      const headers = new Headers();
      if (json !== undefined) headers.set("Content-Type", "application/json");
      if (token) headers.set("Authorization", `Bearer ${token}`);
      if (basic) headers.set("Authorization", `Basic ${btoa(`${basic.clientId}:${basic.clientSecret}`)}`);

      show(`→ ${chosen} ${path}`);
      const authorization = headers.get("Authorization");
      if (authorization) show(`  Authorization: ${authorization}`);
      if (body !== null) show(`  ${String(body)}`);

      const answer = await fetch(`${url}${path}`, { method: chosen, headers, body });
      const text = await answer.text();
      const contentType = answer.headers.get("Content-Type") ?? "";
      show(`← ${answer.status} ${shownBody(text, contentType)}`);
      if (answer.status !== expectedStatus) {
        throw new Unexpected(`${chosen} ${path} answered ${answer.status} where ${expectedStatus} was expected.`);
      }
      return contentType.includes("json") ? (JSON.parse(text) as Fields) : {};
    },
  };
}
