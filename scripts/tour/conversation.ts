/** Calls the Worker and prints requests and answers, with secrets and tokens shortened. */
import { randomUUID } from "node:crypto";

/** A step that failed. */
export class Unexpected extends Error {
  override readonly name = "Unexpected";
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly token?: string;
  readonly basic?: Credentials;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
}

/** A JSON object of an answer. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Conversation {
  /** The origin of the Worker. */
  readonly url: string;
  /** Sends a request to a path of the Worker or to a URL, and prints both. Throws {@link Unexpected} for another status. */
  send(target: string, expectedStatus: number, call?: Call): Promise<Fields>;
  /** Gets an access token (RFC 6749 4.4). */
  signIn(client: Credentials, scope?: string, resource?: string): Promise<string>;
  /** Registers an agent with an e-mail of this name, and returns its id. */
  register(token: string, name: string, fields?: Fields): Promise<string>;
  /** Creates a credential of an agent. */
  createCredential(token: string, agentId: string): Promise<Credentials & { readonly credentialId: string }>;
  /** Prints a remark for the reader. */
  say(text: string): void;
}

/** The steps of a chapter by their titles, in order. */
export type Steps = Readonly<Record<string, () => Promise<void>>>;

const newAgent = {
  agentType: "screener",
  version: "1.0.0",
  capabilities: ["resume:read"],
  owner: "talent-team",
  deploymentEnv: "development",
};

const grey = (text: string) => (process.stdout.isTTY ? `\x1b[90m${text}\x1b[0m` : text);

/** Shortens client secrets, signing secrets, JWTs and Basic credentials. */
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

function formatted(text: string, contentType: string): string {
  return contentType.includes("json") && text !== "" ? JSON.stringify(JSON.parse(text), null, 2) : text;
}

/** Throws {@link Unexpected} unless the condition is true. */
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
  const visit = randomUUID().slice(0, 8);
  const conversation: Conversation = {
    url,
    say: (text) => console.log(`    ${grey(text)}`),
    async signIn(basic, scope, resource) {
      const form = { grant_type: "client_credentials", ...(scope && { scope }), ...(resource && { resource }) };
      return textAt(await conversation.send("/api/v1/token", 200, { basic, form }), "access_token");
    },
    async register(token, name, fields) {
      const json = { ...newAgent, email: `${name}-${visit}@tour.example`, ...fields };
      return textAt(await conversation.send("/api/v1/agents", 201, { token, json }), "agentId");
    },
    async createCredential(token, clientId) {
      const answer = await conversation.send(`/api/v1/agents/${clientId}/credentials`, 201, { token, json: {} });
      const [credentialId, clientSecret] = [textAt(answer, "credentialId"), textAt(answer, "clientSecret")];
      return { clientId, credentialId, clientSecret };
    },
    async send(target, expectedStatus, { method, token, basic, json, form } = {}) {
      const body = form ? new URLSearchParams(form) : json === undefined ? null : JSON.stringify(json);
      const chosen = method ?? (body === null ? "GET" : "POST");
      const headers = new Headers();
      if (json !== undefined) headers.set("Content-Type", "application/json");
      if (token) headers.set("Authorization", `Bearer ${token}`);
      if (basic) headers.set("Authorization", `Basic ${btoa(`${basic.clientId}:${basic.clientSecret}`)}`);

      show(`→ ${chosen} ${target}`);
      const authorization = headers.get("Authorization");
      if (authorization) show(`  Authorization: ${authorization}`);
      if (body !== null) show(`  ${String(body)}`);

      const answer = await fetch(new URL(target, url), { method: chosen, headers, body });
      const text = await answer.text();
      const contentType = answer.headers.get("Content-Type") ?? "";
      show(`← ${answer.status} ${formatted(text, contentType)}`);
      if (answer.status !== expectedStatus) {
        throw new Unexpected(`${chosen} ${target} answered ${answer.status} where ${expectedStatus} was expected.`);
      }
      return contentType.includes("json") ? (JSON.parse(text) as Fields) : {};
    },
  };
  return conversation;
}
