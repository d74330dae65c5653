/** What a thief can do: found by signing in with everything that it holds. */
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { type Answer, type Body, call, issuer } from "../../support/api.ts";
import { assertionType, workloadGrant } from "../_presentable.ts";
import { agentNames, signIn } from "./_party.ts";
import { isActive, type Session, targetsOf } from "./_session.ts";
import { claims, platformScopes } from "./_walk.ts";

type Form = Readonly<Record<string, string>>;
/** Asks for a token as one agent. */
type Ask = (form: Form) => Promise<Answer>;

/** What the thief can do, with the operations that gave it. */
export type Reach = Map<string, string>;

/** Agents and resources by the names of the test; those of the other organization with `foreign`. */
function namesOf({ world: { home, foreign } }: Session): ReadonlyMap<string, string> {
  const names = new Map([[issuer, "issuer"]]);
  for (const [party, prefix] of [
    [home, ""],
    [foreign, "foreign "],
  ] as const) {
    for (const name of agentNames) names.set(party.agents[name].agentId, prefix + name);
    for (const [name, identifier] of Object.entries(party.resources)) names.set(identifier, prefix + name);
  }
  return names;
}

/** The writes that had to do with an agent. */
function causeOf({ writes }: Session, agentId: string): string {
  const touching = writes.filter((write) =>
    JSON.stringify([write.ids, write.json, write.body?.agentId]).includes(agentId),
  );
  const named = touching.map(
    ({ operation: { method, path }, json }) => `${method} ${path} ${JSON.stringify(json) ?? ""}`,
  );
  return [...new Set(named)].slice(0, 3).join("; ");
}

const assertionOf = (agentId: string, key: CryptoKey) =>
  new SignJWT({ iss: agentId, sub: agentId, aud: issuer, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(key);

/** Every way in which the thief may sign in as an agent: by a secret, by its own key, by a job or an identity provider of its own. */
function waysToSignIn({ world: { kit }, secrets, writes }: Session, agentId: string): readonly Ask[] {
  const byJob =
    (by: typeof kit.issuer): Ask =>
    async (form) => {
      const assertion = await by.sign({ ...claims, jti: crypto.randomUUID() }, { typ: "JWT" });
      return signIn(null, { grant_type: workloadGrant, assertion, client_id: agentId, ...form });
    };
  const byKey: Ask = async (form) => {
    const client_assertion = await assertionOf(agentId, kit.key.privateKey);
    return signIn(null, { client_assertion_type: assertionType, client_assertion, ...form });
  };
  const held = (secrets.get(agentId) ?? []).toReversed();
  const bySecret = held.map(
    (clientSecret): Ask =>
      (form) =>
        signIn({ clientId: agentId, clientSecret }, form),
  );
  // Without a write nothing can have changed.
  return writes.length === 0 ? bySecret : [...bySecret, byKey, byJob(kit.issuer), byJob(kit.github)];
}

/** Access tokens out of the answers: the last one of each subject, actor, audience and scope. */
function distinct(tokens: Iterable<string>): readonly string[] {
  const access = [...tokens].filter((token) => decodeProtectedHeader(token).typ === "at+jwt");
  const kindOf = (token: string) => {
    const { sub, act, aud, scope } = decodeJwt(token);
    return JSON.stringify([sub, act, aud, scope]);
  };
  return [...new Map(access.map((token) => [kindOf(token), token])).values()];
}

/** The agents that were made, one for each set of powers. */
function newAgents({ world, writes }: Session): readonly string[] {
  const ours = Object.values(world.home.agents).map(({ agentId }) => agentId);
  const written = writes.filter(({ body }) => Array.isArray(body?.grantedScopes) && !ours.includes(body.agentId));
  const made = new Map(written.map(({ body }) => [body.agentId, body]));
  const powersOf = ({ organization_id, capabilities, grantedScopes }: Body) =>
    JSON.stringify([organization_id, capabilities, grantedScopes]);
  return [...new Map([...made.values()].map((body) => [powersOf(body), body.agentId])).values()];
}

/** All that the thief can do at this moment; with the agents that it has made, or without them. */
export async function reachOf(session: Session, withNew = true): Promise<Reach> {
  const { world, stolen } = session;
  const { home, foreign } = world;
  const names = namesOf(session);
  const reach: Reach = new Map();
  const tokens = new Set<string>();

  const nameOf = (agentId: string, organizationId: unknown) =>
    names.get(agentId) ?? (organizationId === home.organizationId ? "new agent" : "foreign new agent");
  const note = (token: string): string | null => {
    const { sub = "", aud, scope, organization_id } = decodeJwt(token);
    const name = nameOf(sub, organization_id);
    const audience = names.get(String(aud)) ?? String(aud);
    const add = (what: string) => reach.has(what) || reach.set(what, causeOf(session, sub));
    add(`acts as ${name}`);
    for (const one of String(scope ?? "")
      .split(" ")
      .filter((text) => text !== ""))
      add(`${name} @ ${audience}: ${one}`);
    return audience === "issuer" ? token : null;
  };
  const askFor = async (ask: Ask, form: Form): Promise<string | null> => {
    const { body } = await ask(form);
    return body?.access_token ? note(body.access_token) : null;
  };

  const agents = new Set([...targetsOf(session), ...(withNew ? newAgents(session) : [])]);
  const asks: Ask[] = [];
  const targets = targetsOf(session);
  for (const agentId of agents) {
    for (const ask of waysToSignIn(session, agentId)) {
      const first = await ask({});
      const isIn = first.status === 200 || (first.status === 400 && (await ask({ scope: "openid" })).status === 200);
      if (!isIn) continue;
      // Only these are named as delegatees.
      if (targets.includes(agentId)) asks.push(ask);
      if (first.status === 200) tokens.add(first.body.access_token);
      for (const scope of platformScopes) {
        const token = await askFor(ask, { scope });
        if (token && scope === "tokens:read") tokens.add(token);
      }
      for (const party of [home, foreign]) {
        for (const resource of Object.values(party.resources)) await askFor(ask, { resource });
      }
      break;
    }
  }
  for (const subject_token of session.delegations) {
    for (const ask of asks) {
      const grant_type = "urn:ietf:params:oauth:grant-type:token-exchange";
      await askFor(ask, { grant_type, subject_token, subject_token_type: "urn:sentryagent:token-type:delegation" });
    }
  }
  for (const token of [...stolen, ...distinct(session.tokens)]) {
    if (await isActive(world, token)) tokens.add(token);
  }
  for (const token of tokens) note(token);
  await noteIntrospection(session, names, distinct(tokens), reach);
  return reach;
}

/** Tokens of others that the thief may ask about. */
async function noteIntrospection(
  { world: { home, foreign } }: Session,
  names: ReadonlyMap<string, string>,
  tokens: readonly string[],
  reach: Reach,
): Promise<void> {
  for (const [party, prefix] of [
    [home, ""],
    [foreign, "foreign "],
  ] as const) {
    for (const audience of ["issuer", "payroll"] as const) {
      const form = audience === "issuer" ? { scope: "openid" } : { resource: party.resources.payroll };
      const probe = (await signIn(party.agents.lone, form)).body.access_token;
      if (!probe) continue;
      for (const token of tokens) {
        const { sub = "", aud } = decodeJwt(token);
        if (aud !== issuer || names.get(sub) === `${prefix}lone`) continue;
        const answer = await call("/api/v1/token/introspect", { token, form: { token: probe } });
        if (answer.body?.active)
          reach.set(`introspects ${prefix}${audience}`, `a token of ${names.get(sub) ?? "a new agent"}`);
      }
    }
  }
}
