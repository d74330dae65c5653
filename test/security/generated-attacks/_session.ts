/** A thief at work: what it knows, what it holds, and what it was given. */
import { decodeJwt, exportJWK, generateKeyPair, type JWK } from "jose";
import { type Issuer, newIssuer } from "../../identity/federation/_support.ts";
import { type Answer, type Body, call, newOrganization, theOperator } from "../../support/api.ts";
import type { Operation } from "../_operations.ts";
import { type AgentName, agentNames, type Ids, members, newParty, newResumes, type Party, signIn } from "./_party.ts";

/** What a thief brings: a key and identity providers that it controls. */
export interface Kit {
  readonly key: { readonly jwk: JWK; readonly privateKey: CryptoKey };
  readonly issuer: Issuer;
  /** Signs as GitHub does, for jobs of the thief's own repository. */
  readonly github: Issuer;
}

export interface World {
  readonly home: Party;
  readonly foreign: Party;
  readonly kit: Kit;
}

/** A call with the stolen token that was answered 2xx and was no GET. */
export interface Write {
  readonly operation: Operation;
  readonly ids: Ids;
  readonly json: unknown;
  readonly body: Body;
}

export interface Session {
  readonly world: World;
  /** The agent whose token it is. */
  readonly from: AgentName;
  /** Whether it goes for the other organization alone. */
  readonly isElsewhere: boolean;
  /** Capabilities that the thief may give to what it makes. */
  readonly capabilities: readonly string[];
  /** A new stolen token; null when there is none to be had any more. */
  readonly steal: () => Promise<string | null>;
  token: string;
  /** Every token that was stolen. */
  readonly stolen: string[];
  readonly writes: Write[];
  /** The secrets that the thief holds, by agent; the newest last. */
  readonly secrets: Map<string, string[]>;
  readonly tokens: Set<string>;
  readonly delegations: Set<string>;
  readonly urls: Set<string>;
  /** Addresses that were called by GET. */
  readonly opened: Set<string>;
  /** Ids of things that were made, newest last. */
  readonly made: Ids[];
  /** Operations that were answered 2xx. */
  readonly succeeded: Set<string>;
  /** What no answer may show. */
  readonly leaks: Set<string>;
}

let github: Promise<Issuer> | undefined;
let foreign: Promise<Party> | undefined;

/** Two organizations that allow each other one scope of one API, and a thief's equipment. All worlds share the second one. */
export async function newWorld(isOperator: boolean): Promise<World> {
  const home = isOperator ? await theOperator() : await newOrganization();
  foreign ??= newOrganization().then((organization) => newParty(organization, organization));
  const other = await foreign;
  const pair = await generateKeyPair("ES256", { extractable: true });
  github ??= newIssuer("https://token.actions.githubusercontent.com");
  return {
    home: await newParty(home, other),
    foreign: { ...other, resources: { ...other.resources, resumes: await newResumes(other, home) } },
    kit: {
      key: { jwk: await exportJWK(pair.publicKey), privateKey: pair.privateKey },
      issuer: await newIssuer(),
      github: await github,
    },
  };
}

/** A token of an agent, as its owner gets it; null when the agent can have none. */
export async function tokenOf(
  { home }: World,
  name: AgentName,
  form: Readonly<Record<string, string>>,
): Promise<string | null> {
  const agent = home.agents[name];
  const { body } = await signIn(agent, form);
  if (body.access_token) return body.access_token;
  // The thief has replaced its secret.
  const path = `/api/v1/agents/${agent.agentId}/credentials`;
  const renewed = await call(path, { token: home.token, json: {} });
  return renewed.status === 201 ? ((await signIn(renewed.body, form)).body.access_token ?? null) : null;
}

export async function isActive({ home, foreign }: World, token: string): Promise<boolean> {
  const { organization_id } = decodeJwt(token);
  const by = organization_id === foreign.organizationId ? foreign : home;
  return (await call("/api/v1/token/introspect", { token: by.token, form: { token } })).body.active;
}

const active = { status: "active", dpopRequired: false };

/** The owner lets every agent sign in again that a thief has suspended or bound. Their powers stay as the thief left them. */
export async function reactivate({ world: { home }, writes }: Pick<Session, "world" | "writes">): Promise<void> {
  const changed = writes.filter(({ operation, body }) => operation.method === "PATCH" && body?.grantedScopes);
  const ours = agentNames.map((name) => home.agents[name].agentId);
  for (const agentId of new Set([...ours, ...changed.map(({ body }) => body.agentId)])) {
    await call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: home.token, json: active });
  }
}

/** The agents that a thief goes for: its accomplice, one of each kind, and last that of its token. */
export function targetsOf({ world: { home, foreign }, from, isElsewhere }: Session): readonly string[] {
  const names = (["narrow", "accomplice", "wide", "owner"] as const).filter((name) => name !== from);
  if (isElsewhere) return (["narrow", "wide", "owner"] as const).map((name) => foreign.agents[name].agentId);
  const ours = [...names, from].map((name) => home.agents[name].agentId);
  return [foreign.agents.wide.agentId, ...ours];
}

/** Gives an agent back what it had. */
export async function restore({ home }: World, name: AgentName): Promise<void> {
  const json = { ...(name in members ? members[name as keyof typeof members] : {}), ...active };
  await call(`/api/v1/agents/${home.agents[name].agentId}`, { method: "PATCH", token: home.token, json });
}

/** Steals again, where the thief's token has ended. */
export async function goOn(session: Session): Promise<boolean> {
  if (await isActive(session.world, session.token)) return true;
  await reactivate(session);
  let token = await session.steal();
  if (token === null) {
    await restore(session.world, session.from);
    token = await session.steal();
  }
  if (token === null) return false;
  session.token = token;
  session.stolen.push(token);
  return true;
}

/** Names of path parameters, for ids that an answer calls `id`. */
const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/;

/** Takes out of an answer all that can be used: secrets, tokens, addresses and ids. */
export function take(session: Session, { text, body }: Answer, ids: Ids, idName: string | null): void {
  for (const [token] of text.matchAll(/sa_del_[\w.-]+/g)) session.delegations.add(token);
  for (const [token] of text.matchAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g)) session.tokens.add(token);
  for (const [url] of text.matchAll(/https?:\/\/[^\s"'<>\\)]+/g)) session.urls.add(url.replace(/#.*/, ""));
  takeFrom(session, body, ids, idName);
}

function takeFrom(session: Session, value: Body, ids: Ids, idName: string | null): void {
  if (typeof value !== "object" || value === null) return;
  const entries = Object.entries<Body>(value);
  const found = entries
    .filter(([, one]) => typeof one === "string" && idPattern.test(one))
    .map(([name, one]) => [name === "id" && idName ? idName : name, one] as const);
  const own = { ...ids, ...Object.fromEntries(found) };
  if (found.length > 0 && !Array.isArray(value)) session.made.push(own);
  for (const [, one] of entries) {
    if (typeof one === "string" && one.startsWith("sa_sec_")) {
      for (const agentId of [own.clientId ?? own.agentId].flat()) {
        session.secrets.set(agentId ?? "", [...(session.secrets.get(agentId ?? "") ?? []), one]);
      }
    }
    takeFrom(session, one, ids, idName);
  }
}
