/** CC6.1: calls protected routes internally, without valid access. Each must refuse. */
import { generateKeyPair, SignJWT } from "jose";
import type { Caller } from "../../../access/caller.ts";
import { platformScopes } from "../../../access/scopes.ts";
import { listAgents, readAgent } from "../../../identity/agents/service.ts";
import { currentSigningKey } from "../../../keys/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import { type AgentId, newId, type OrganizationId, type Scope, type TokenId } from "../../../platform/ids.ts";
import type { CallApp } from "../../../platform/scheduled.ts";
import { minuteMs } from "../../../platform/time.ts";
import type { Check } from "../measuring.ts";
import { newestAgent } from "../store.ts";

/** Routes that read, and one that rejects its empty body: a call that is accepted by mistake changes nothing. */
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
 * An organization and an agent that cannot exist: UUIDs of version 7 from 1970. A token for them may have the service's own
 * signature, because it gives access to nothing.
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

/** No token; a token with the service's `kid` and another signature; a genuine token of an organization that does not exist. */
async function strangersTokens(context: Context): Promise<readonly (string | null)[]> {
  const { kid, key } = await currentSigningKey(context, "ES256");
  const { privateKey } = await generateKeyPair("ES256");
  return [null, await tokenOf(context, { kid, key: privateKey }), await tokenOf(context, { kid, key })];
}

/** The number of calls that were not refused. */
async function countAccepted(context: Context, callApp: CallApp, calls: readonly Request[]): Promise<number> {
  const answers = await Promise.all(calls.map((call) => callApp(context, call)));
  for (const answer of answers) await answer.body?.cancel();
  const broken = answers.find(({ status }) => status >= 500);
  if (broken) throw new Error(`A protected route answered ${broken.status} to a call without access`);
  return answers.filter(({ status }) => status !== 401).length;
}

/** Whether a caller can read an agent of another organization. */
async function readsOthers(context: Context): Promise<boolean> {
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
    listAgents(context, stranger, { limit: 1, sort: "-createdAt" }),
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
  const accepted = await countAccepted(context, callApp, calls);
  const attempts = `${amount(calls.length, "call")} without valid access`;
  if (accepted > 0) return { status: "fail", evidence: `${accepted} of ${attempts} accepted` };
  if (await readsOthers(context)) return { status: "fail", evidence: "An organization can read data of another" };
  return { status: "pass", evidence: `${attempts} refused; no foreign data readable` };
};
