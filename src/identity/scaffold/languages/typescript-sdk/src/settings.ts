/** The settings: environment variables, and the lines of `.env` for those that are not set. */
import { existsSync } from "node:fs";
import { AgentIdPClient, ClientSecret } from "@sentryagent/idp-sdk";

/** An error that the person at the keyboard can mend: its message says how. It needs no stack trace. */
export class Advice extends Error {}

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

const clientOf = (id: string, secret: string): AgentIdPClient =>
  new AgentIdPClient(required("AGENTIDP_API_URL"), new ClientSecret(id, secret));

/** This agent. The client signs in at its first call, and keeps and refreshes its token. One serves the whole program. */
export const ownClient = (): AgentIdPClient =>
  clientOf(required("AGENTIDP_CLIENT_ID"), required("AGENTIDP_CLIENT_SECRET"));

export interface Delegatee {
  readonly agentId: string;
  readonly client: AgentIdPClient;
}

/** The second agent of the command `delegate`; undefined without both of its settings. */
export function delegatee(): Delegatee | undefined {
  const [agentId, secret] = [optional("DELEGATEE_CLIENT_ID"), optional("DELEGATEE_CLIENT_SECRET")];
  return agentId && secret ? { agentId, client: clientOf(agentId, secret) } : undefined;
}
