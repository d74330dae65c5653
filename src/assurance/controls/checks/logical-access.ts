/** CC6.1: protected routes are called from within, without valid access. All of them have to refuse. */
import { generateKeyPair, SignJWT } from "jose";
import type { Caller } from "../../../access/caller.ts";
import { platformScopes } from "../../../access/scopes.ts";
import { listAgents, readAgent } from "../../../identity/agents/service.ts";
import { currentSigningKey } from "../../../keys/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import { type AgentId, newId, type OrganizationId, type Scope, type TokenId } from "../../../platform/ids.ts";
import { minuteMs } from "../../../platform/time.ts";
import type { CallApp } from "../../../wing.ts";
import type { Check } from "../measuring.ts";
import { newestAgent } from "../store.ts";

/** Reading routes, and one that would refuse its empty body: whoever were let in by mistake would change nothing. */
const protectedRoutes = [
  ["GET", "/api/v1/agents"],
  ["GET", "/api/v1/organizations"],
  ["GET", "/api/v1/audit"],
  ["POST", "/api/v1/agents"],
  ["GET", "/api/v1/oidc/trust-policies"],
  ["GET", "/api/v1/federation/partners"],
  ["GET", "/api/v1/oauth2/token/delegations"],
  ["GET", "/agent-info"],
] as const;

const routesEachRun = 4;

/**
 * An organization and an agent that are nobody's: UUIDs of version 7 with a time before there were any. A token for them may
 * have the service's own signature, and yet there is nothing that it could open.
 */
const nobody = {
  organizationId: "00000000-0000-7000-8000-000000000001" as OrganizationId,
  agentId: "00000000-0000-7000-8000-000000000002" as AgentId,
};

const lifetimeSeconds = 30;

function tokenOf(context: Context, signer: { kid: string; key: CryptoKey }): Promise<string> {
  const issuedAt = Math.floor(context.now() / 1000);
  const { issuer } = context.settings;
  return new SignJWT({
    client_id: nobody.agentId,
    organization_id: nobody.organizationId,
    agent_type: "custom",
    scope: platformScopes.join(" "),
  })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: signer.kid })
    .setIssuer(issuer)
    .setSubject(nobody.agentId)
    .setAudience(issuer)
    .setJti(newId<TokenId>(context.now()))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(signer.key);
}

/** No token; one that names the service's key and is signed with another; a genuine one of an organization that is not here. */
async function strangersTokens(context: Context): Promise<readonly (string | null)[]> {
  const { kid, key } = await currentSigningKey(context, "ES256");
  const { privateKey } = await generateKeyPair("ES256");
  return [null, await tokenOf(context, { kid, key: privateKey }), await tokenOf(context, { kid, key })];
}

/** How many of the calls were not refused. */
async function letIn(context: Context, callApp: CallApp, calls: readonly Request[]): Promise<number> {
  const answers = await Promise.all(calls.map((call) => callApp(context, call)));
  for (const answer of answers) await answer.body?.cancel();
  const broken = answers.find(({ status }) => status >= 500);
  if (broken) throw new Error(`A protected route answered ${broken.status} to a call without access`);
  return answers.filter(({ status }) => status !== 401).length;
}

/** Whether a caller of another organization sees an agent that is not its own. */
async function seesOthers(context: Context): Promise<boolean> {
  const agent = await newestAgent(context);
  if (!agent) return false;
  const stranger: Caller = {
    ...nobody,
    delegation: null,
    credentialId: null,
    tokenId: newId<TokenId>(context.now()),
    scopes: platformScopes as readonly string[] as readonly Scope[],
    capabilities: [],
    role: "admin",
    isOperator: false,
  };
  const [one, all] = await Promise.all([
    readAgent(context, stranger, agent.id),
    listAgents(context, stranger, { limit: 1 }),
  ]);
  return one.ok || !all.ok || all.value.data.length > 0;
}

export const logicalAccess: Check = async (context, { callApp }) => {
  const minute = Math.floor(context.now() / minuteMs);
  const sample = Array.from({ length: routesEachRun }, (_, index) => {
    return protectedRoutes[(minute * routesEachRun + index) % protectedRoutes.length] ?? protectedRoutes[0];
  });
  const tokens = await strangersTokens(context);
  const calls = sample.flatMap(([method, path]) =>
    tokens.map((token) => {
      const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
      return new Request(`${context.settings.issuer}${path}`, { method, headers });
    }),
  );
  const admitted = await letIn(context, callApp, calls);
  if (admitted > 0)
    return { status: "fail", evidence: `${admitted} of ${amount(calls.length, "call")} without valid access let in` };
  if (await seesOthers(context)) return { status: "fail", evidence: "An organization sees what is another's" };
  return {
    status: "pass",
    evidence: `${amount(calls.length, "call")} without valid access refused; nothing of others seen`,
  };
};
