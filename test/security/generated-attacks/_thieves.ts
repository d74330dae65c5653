/** The kinds of thieves, and what each could do before: literal sets, so that no rule of the service decides what is right. */
import { runInDurableObject } from "cloudflare:test";
import { expect } from "vitest";
import { call } from "../../support/api.ts";
import { bindings } from "../_forging.ts";
import { type AgentName, members, signIn } from "./_party.ts";
import { type Session, tokenOf, type World } from "./_session.ts";

type Form = Readonly<Record<string, string>>;

export interface Thief {
  readonly name: string;
  readonly isOperator?: true;
  /** The agents whose secrets the thief has, beside its accomplice. */
  readonly holds?: AgentName;
  /** The agent whose token it has, and the capabilities of that agent. */
  readonly from: AgentName;
  readonly capabilities: readonly string[];
  readonly steal: (world: World, session: Pick<Session, "secrets">) => Promise<string | null>;
  /** What it could do before: the walk may find all of this, and nothing else. */
  readonly may: readonly string[];
  /** What is left once the token is revoked and the agents are repaired; everything, where it has made agents by right. */
  readonly keeps?: "everything";
  /** The lists of the organization in which it may leave something. */
  readonly leaves?: readonly string[];
  /** The operations that show it what is private in another organization. */
  readonly sees?: readonly string[];
  /** Whether it may do everything in its own organization: only what it can do in the other one counts. */
  readonly isElsewhere?: true;
}

/** `can("wide", { issuer: "agents:read" })`: acts as that agent, with these scopes at these APIs. */
const can = (name: string, scopes: Readonly<Record<string, string>>): readonly string[] => [
  `acts as ${name}`,
  ...Object.entries(scopes).flatMap(([api, list]) => list.split(" ").map((scope) => `${name} @ ${api}: ${scope}`)),
];

/** What capabilities give at the APIs that know them. */
const resume = { resumes: "resume:read", "foreign resumes": "resume:read", open: "resume:read" };
const both = { ...resume, payroll: "payroll:write", open: "resume:read payroll:write" };
const grantable = "agents:read agents:write delegations:write openid";
const introspection = ["introspects issuer", "introspects payroll"];

export const accomplices = can("accomplice", { issuer: "agents:read openid", open: "calendar:read" });

const wide = ["payroll:write", "resume:read"];
const narrow = (agent: AgentName, scope: string) => (world: World) => tokenOf(world, agent, { scope });

const agentsOf = "/api/v1/agents";
const policies = "/api/v1/oidc/trust-policies";
const memberships = "/api/v1/organizations/{orgId}/members";
const delegations = "/api/v1/oauth2/token/delegations";
/** What a caller with agents:write may leave: agents, and the suspension of those that are no admins. */
const ofWriters = [`leaves ${agentsOf}`, `leaves ${policies}`, `leaves ${memberships}`, `changes ${delegations}`];
const changesOf = (...names: readonly AgentName[]) =>
  names.flatMap((name) => [`changes ${agentsOf}: ${name}`, `leaves ${agentsOf}/{agentId}/credentials of ${name}`]);

/** Lends to the accomplice, which exchanges what it got. */
async function exchanged(
  world: World,
  { secrets }: Pick<Session, "secrets">,
  json: Readonly<Record<string, unknown>>,
  widened: readonly string[] = [],
): Promise<string> {
  const scope = "agents:read audit:read tokens:read webhooks:read delegations:write";
  const token = (await tokenOf(world, "wide", { scope })) ?? "";
  const { agentId } = world.home.agents.accomplice;
  const body = { delegateeAgentId: agentId, ttlSeconds: 600, ...json };
  const lent = await call("/api/v1/oauth2/token/delegate", { token, json: body });
  expect(lent.status, lent.text).toBe(201);
  if (widened.length > 0) await widen(world, lent.body.chainId, widened);
  const form: Form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: lent.body.delegationToken,
    subject_token_type: "urn:sentryagent:token-type:delegation",
  };
  const clientSecret = secrets.get(agentId)?.at(-1) ?? "";
  const answer = await signIn({ clientId: agentId, clientSecret }, form);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.access_token;
}

/** Puts scopes into a delegation that no request can lend, as a fault in `/delegate` would. */
async function widen({ home }: World, chainId: string, scopes: readonly string[]): Promise<void> {
  const { ORG_LEDGER } = bindings;
  const ledger = ORG_LEDGER.get(ORG_LEDGER.idFromName(home.organizationId)) as DurableObjectStub<undefined>;
  await runInDurableObject(ledger, (_, { storage: { sql } }) => {
    const [row] = sql.exec("SELECT delegation FROM delegations WHERE chain_id = ?", chainId).toArray();
    const changed = JSON.stringify({ ...JSON.parse(String(row?.delegation)), scopes });
    sql.exec("UPDATE delegations SET delegation = ? WHERE chain_id = ?", changed, chainId);
  });
}

const lendable = ["agents:read", "audit:read", "tokens:read", "webhooks:read"];
const unlendable = ["agents:write", "webhooks:write", ...lendable];

export const thieves: readonly Thief[] = [
  {
    name: "a token with agents:read alone",
    from: "wide",
    capabilities: wide,
    steal: narrow("wide", "agents:read"),
    may: can("wide", { issuer: "agents:read" }),
  },
  {
    name: "a token with delegations:write alone",
    capabilities: wide,
    from: "wide",
    steal: narrow("wide", "delegations:write"),
    may: can("wide", { issuer: "delegations:write", ...both }),
  },
  {
    name: "a token with agents:write alone",
    capabilities: wide,
    from: "wide",
    steal: narrow("wide", "agents:write"),
    may: [
      ...can("wide", { issuer: "agents:write" }),
      ...can("new agent", { issuer: "agents:write delegations:write openid", ...both }),
    ],
    keeps: "everything",
    leaves: ofWriters,
  },
  {
    name: "a token with all platform scopes of an agent that has a capability",
    capabilities: ["payroll:write"],
    from: "lone",
    steal: narrow("lone", "agents:read"),
    may: can("lone", { issuer: "agents:read" }),
  },
  {
    name: "an admin's token with agents:read alone",
    capabilities: ["organization:administer"],
    from: "owner",
    steal: narrow("owner", "agents:read"),
    may: can("owner", { issuer: "agents:read" }),
    leaves: [`leaves ${delegations}`],
  },
  {
    name: "a token for a resource",
    capabilities: wide,
    from: "wide",
    steal: (world) => tokenOf(world, "wide", { resource: world.home.resources.resumes }),
    may: can("wide", { resumes: "resume:read" }),
  },
  {
    name: "an exchanged token with all that can be lent",
    capabilities: wide,
    from: "wide",
    steal: (world, session) => exchanged(world, session, { scopes: lendable }),
    may: [...can("wide", { issuer: lendable.join(" ") }), ...introspection],
  },
  {
    name: "an exchanged token with what cannot be lent",
    capabilities: wide,
    from: "wide",
    steal: (world, session) => exchanged(world, session, { scopes: lendable }, unlendable),
    may: [...can("wide", { issuer: unlendable.join(" ") }), ...introspection],
  },
  {
    name: "a member with agents:write",
    holds: "member",
    capabilities: ["resume:read"],
    from: "member",
    steal: (world) => tokenOf(world, "member", { scope: "agents:read agents:write delegations:write" }),
    may: ["member", "narrow", "new agent"].flatMap((name) => can(name, { issuer: grantable, ...resume })),
    keeps: "everything",
    leaves: [...ofWriters, ...changesOf("member", "narrow")],
  },
  {
    name: "an admin of another tenant",
    isElsewhere: true,
    from: "owner",
    capabilities: wide,
    steal: narrow("owner", `${members.wide.grantedScopes.join(" ")} admin:orgs`),
    may: ["new agent @ foreign resumes: resume:read"],
    keeps: "everything",
  },
  {
    name: "an admin of the operator without admin:orgs in its token",
    isOperator: true,
    from: "deputy",
    capabilities: ["resume:read"],
    steal: narrow("deputy", "agents:read agents:write"),
    may: [
      ...can("deputy", { issuer: "agents:read agents:write" }),
      ...["narrow", "new agent"].flatMap((name) => can(name, { issuer: grantable, ...resume })),
    ],
    keeps: "everything",
    leaves: [...ofWriters, ...changesOf("narrow")],
    // The operator reads the resources of tenants, without those whom they allow.
    sees: ["GET /api/v1/resources", "GET /api/v1/resources/{resourceId}"],
  },
];
