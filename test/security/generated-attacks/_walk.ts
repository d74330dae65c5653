/** Calls the operations of the OpenAPI document, each with every id that the thief knows and every body that can ask for more. */
import { decodeJwt } from "jose";
import { type Answer, type Body, type Call, call, issuer, unique } from "../../support/api.ts";
import { document, type Operation, operations, parametersOf } from "../_operations.ts";
import { newSource } from "../_presentable.ts";
import { bodiesOf, type Known } from "./_bodies.ts";
import type { Ids } from "./_party.ts";
import { goOn, type Session, take, targetsOf } from "./_session.ts";

/** Every platform scope that the document names. */
export const platformScopes = Object.keys(document.components.securitySchemes.oauth2.flows.clientCredentials.scopes);

const grants = ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"];
const types = ["urn:sentryagent:token-type:delegation", "urn:ietf:params:oauth:token-type:access_token"];

/** Claims of a job in a repository of the thief's own, and of its own identity provider. */
export const claims = {
  sub: "walker",
  aud: issuer,
  repository: "thief/app",
  repository_id: "42",
  repository_owner: "thief",
  repository_owner_id: "42",
  ref: "refs/heads/walker",
  ref_type: "branch",
  environment: "walker",
  event_name: "push",
  scope: undefined,
  client_id: undefined,
  organization_id: undefined,
};

/** What the thief fills into the fields of a body. */
async function knownOf(session: Session): Promise<Known> {
  const { world, capabilities, delegations, token } = session;
  const { home, foreign, kit } = world;
  const madeAgents = madeBy(session)
    .flatMap(({ agentId }) => agentId ?? [])
    .slice(-2);
  const { accomplice, narrow } = home.agents;
  const agentIds = [...new Set([...targetsOf(session), ...madeAgents])];
  const resources = [...Object.values(home.resources), ...Object.values(foreign.resources)];
  const grantable = platformScopes.filter((scope) => scope !== "openid");
  // Every caller may grant delegations:write.
  const own = [...new Set([...String(decodeJwt(token).scope ?? "").split(" "), "delegations:write"])];
  const lent = [...delegations].at(-1) ?? token;
  const lists = [
    capabilities,
    ["payroll:write", "resume:read"],
    ["payroll:write"],
    ["resume:read"],
    ["agents:read"],
    ["audit:read", "tokens:read"],
    ["agents:write", "agents:read"],
    ["admin:orgs"],
    platformScopes,
  ];
  const assertion = await kit.github.sign({ ...claims, jti: crypto.randomUUID() }, { typ: "JWT" });
  return {
    agentId: () => agentIds,
    client_id: () => [accomplice.agentId],
    recoverAgentId: () => agentIds,
    delegateeAgentId: () => [accomplice.agentId, narrow.agentId],
    organizationId: () => [foreign.organizationId, home.organizationId],
    organization_id: () => [foreign.organizationId, home.organizationId],
    email: () => [`${unique("walker")}@example.com`],
    adminEmail: () => [`${unique("walker")}@example.com`],
    slug: () => [unique("walker")],
    domain: () => [`${unique("walker")}.test`],
    identifier: () => [`urn:agentidp:${home.slug}:${unique("walker")}`],
    capabilities: () => [capabilities, ["payroll:write", "resume:read"], ["ledger:close"]],
    grantedScopes: () => [[], ...grantable.map((scope) => [scope]), grantable, own],
    scopes: () => lists,
    scope: () => ["agents:read", platformScopes.join(" "), "payroll:write", capabilities.join(" ")],
    resource: () => resources,
    audience: () => [issuer],
    audiences: () => [["https://api.example"]],
    allowedOrganizations: () => [[foreign.organizationId]],
    servers: () => [[accomplice.agentId]],
    issuer: () => [kit.issuer.issuer],
    jwksUri: () => [`${kit.issuer.issuer}/keys`],
    url: () => ["http://localhost:9/thief"],
    publicKeyJwk: () => [kit.key.jwk],
    token: () => [token],
    delegationToken: () => [lent],
    grant_type: () => grants,
    subject_token: () => [lent, token],
    subject_token_type: () => types,
    assertion: () => [assertion],
  };
}

/** The name of the parameter that takes the ids of what a path lists: `webhookId` for `/webhooks`. */
const idNameOf = (path: string): string | null =>
  operations
    .map((operation) => operation.path)
    .filter((other) => other.startsWith(`${path}/{`))
    .map((other) => parametersOf(other.slice(path.length))[0])[0] ?? null;

/** The ids out of answers, without those of agents that the thief does not go for. */
function madeBy({ world: { home }, made }: Session): readonly Ids[] {
  const ours = Object.values(home.agents).map(({ agentId }) => agentId);
  return made.filter(({ agentId }) => agentId === undefined || !ours.includes(agentId));
}

/** The ids that fit into a path: those of the world, and of the last two things that were made. */
function idsFor(session: Session, path: string): readonly Ids[] {
  const { world, isElsewhere } = session;
  const targets = targetsOf(session);
  const names = parametersOf(path);
  const fitting = (all: readonly Ids[]): Ids[] =>
    all
      .filter((ids) => names.every((name) => ids[name] !== undefined))
      .map((ids) => Object.fromEntries(names.map((name) => [name, ids[name] ?? ""])));
  const distinct = (all: readonly Ids[]) => [...new Map(all.map((ids) => [JSON.stringify(ids), ids])).values()];
  const all = [...(isElsewhere ? [] : world.home.ids), ...world.foreign.ids];
  const ours = distinct(fitting(all.filter(({ agentId }) => agentId === undefined || targets.includes(agentId))));
  if (ours.length === 0) throw new Error(`No id for the parameters of ${path}: make such a thing in _party.ts.`);
  const isNew = (ids: Ids) => !ours.some((own) => JSON.stringify(own) === JSON.stringify(ids));
  return [
    ...ours,
    ...distinct(fitting(madeBy(session)))
      .filter(isNew)
      .slice(-2),
  ];
}

const filled = (path: string, ids: Ids) => path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "");

/** The ways to authenticate that the document names: with the stolen token, with a secret of the thief's own, with neither. */
function waysOf({ world, secrets, token }: Session, { bearer, path, method }: Operation): readonly Call[] {
  const security: Body[] = document.paths[path][method.toLowerCase()].security;
  const { agentId } = world.home.agents.accomplice;
  const basic = { clientId: agentId, clientSecret: secrets.get(agentId)?.at(-1) ?? "" };
  const takesSecret = security.some((way) => "clientSecretBasic" in way);
  return [{ token }, ...(takesSecret ? [{ basic }] : []), ...(bearer === "needed" ? [] : [{}])];
}

/** Notes what an answer gives, and what it must not show. */
function observe(session: Session, sent: Call, answer: Answer, what: string): void {
  const { home, foreign } = session.world;
  if (answer.text.includes(foreign.secretText))
    session.leaks.add(`${what} shows what is private in another organization`);
  const isAnonymous = sent.token === undefined && sent.basic === undefined;
  if (isAnonymous && answer.text.includes(home.secretText)) session.leaks.add(`${what} shows to all what is private`);
}

/** Sends a request; true when the answer does not depend on the body: for a token or ids that are refused. */
async function send(session: Session, operation: Operation, ids: Ids, query: string, sent: Call): Promise<boolean> {
  const { method, path, operationId } = operation;
  const headers = { "CF-Connecting-IP": newSource() };
  const address = `${filled(path, ids)}${query}`;
  const answer = await call(address, { method, ...sent, headers });
  if (method === "GET") session.opened.add(address);
  const what = `${method} ${path}`;
  if (answer.status >= 500 && answer.status !== 503) session.leaks.add(`${what} is answered ${answer.status}`);
  observe(session, sent, answer, what);
  take(session, answer, ids, idNameOf(path));
  const lacksScope = answer.headers.get("WWW-Authenticate")?.includes("insufficient_scope");
  if (answer.status >= 300)
    return [401, 404].includes(answer.status) || lacksScope === true || answer.body?.details?.delegated === true;
  session.succeeded.add(operationId);
  if (method !== "GET" && sent.token)
    session.writes.push({ operation, ids, json: sent.json ?? sent.form, body: answer.body });
  return false;
}

/** The queries of an operation: none, and one for each parameter that names an organization or an agent. */
function queriesOf({ query }: Operation, known: Known, where: string): readonly string[] {
  const named = query
    .filter(({ schema }) => schema.format === "uuid")
    .flatMap(({ name }) => {
      const values = known[name]?.();
      if (!values) throw new Error(`${where}: no value for the query parameter ${name}. Name some in _walk.ts.`);
      return values.map((value) => `?${name}=${value}`);
    });
  return ["", ...named];
}

/** After so many refusals that do not depend on the body, the thief gives up: at the first ids later than at all others. */
const mostRefused = { first: 10, later: 2 };

/** Calls the operations of these methods; false when the thief has nothing left to call them with. */
export async function walk(session: Session, methods: readonly string[], isAgain = false): Promise<boolean> {
  const wanted = operations.filter(({ method, path }) => methods.includes(method) && (!isAgain || path.includes("{")));
  // From the parts to the whole: an organization goes last.
  for (const operation of methods.includes("DELETE") ? wanted.toReversed() : wanted) {
    const where = `${operation.method} ${operation.path}`;
    const known = await knownOf(session);
    const { body } = operation;
    const bodies = body ? bodiesOf(body.schema, known, where) : [undefined];
    const isForm = body?.type === "application/x-www-form-urlencoded";
    const requests = bodies.map((json): Call => (isForm ? { form: json as Record<string, string> } : { json }));
    let most = mostRefused.first;
    for (const ids of idsFor(session, operation.path)) {
      const before = session.writes.length;
      for (const query of queriesOf(operation, known, where)) {
        for (const way of waysOf(session, operation)) {
          let refused = 0;
          for (const request of requests) {
            if (refused >= most) break;
            refused = (await send(session, operation, ids, query, { ...way, ...request })) ? refused + 1 : 0;
          }
          most = mostRefused.later;
        }
      }
      if (session.writes.length > before && !(await goOn(session))) return false;
    }
  }
  return true;
}

/** Opens every address of this service that an answer has named, with no token and with the thief's. */
export async function openUrls(session: Session): Promise<void> {
  for (const url of session.urls) {
    const path = url.slice(issuer.length);
    if (!url.startsWith(issuer) || session.opened.has(path)) continue;
    for (const sent of [{}, { token: session.token }]) {
      const answer = await call(path === "" ? "/" : path, sent);
      observe(session, sent, answer, `GET ${path}`);
      take(session, answer, {}, null);
    }
  }
}
