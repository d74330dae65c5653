/** The settings: environment variables, and the lines of `.env` for those that are not set. */
import { existsSync } from "node:fs";

/** An error that the person at the keyboard can mend: its message says how. It needs no stack trace. */
export class Advice extends Error {}

/** The identity of an agent at the identity provider. */
export interface Client {
  readonly apiUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export function loadDotEnv(): void {
  if (existsSync(".env")) process.loadEnvFile(".env");
}

/** The value of a variable; undefined when it is missing or empty. */
export const optional = (name: string): string | undefined => process.env[name]?.trim() || undefined;

export function required(name: string): string {
  const value = optional(name);
  if (value !== undefined) return value;
  throw new Advice(`${name} is not set. Copy .env.example to .env and fill it in.`);
}

/** The address of the identity provider, without a slash at its end. Secrets go there, so it must be https outside this machine. */
function apiUrl(): string {
  const text = required("AGENTIDP_API_URL");
  if (!URL.canParse(text)) throw new Advice(`AGENTIDP_API_URL is not a URL: ${text}`);
  const { protocol, hostname } = new URL(text);
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback)) {
    throw new Advice(`AGENTIDP_API_URL must begin with https://, because secrets are sent to it: ${text}`);
  }
  return text.replace(/\/+$/, "");
}

/** This agent. */
export const ownClient = (): Client => ({
  apiUrl: apiUrl(),
  clientId: required("AGENTIDP_CLIENT_ID"),
  clientSecret: required("AGENTIDP_CLIENT_SECRET"),
});

/** The second agent of the command `delegate`; undefined without both of its settings. */
export function delegateeClient(): Client | undefined {
  const [clientId, clientSecret] = [optional("DELEGATEE_CLIENT_ID"), optional("DELEGATEE_CLIENT_SECRET")];
  return clientId && clientSecret ? { apiUrl: apiUrl(), clientId, clientSecret } : undefined;
}
