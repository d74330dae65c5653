/**
 * Attack: granting oneself a scope by PATCH, registering an agent wider than oneself: 403. Every scope, by every way that
 * ends with a token that carries it, from every kind of narrow caller.
 */
import { exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { oidcPolicy } from "../identity/workloads/_policies.ts";
import {
  type Answer,
  agentFields,
  type Body,
  call,
  demotedToken,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  tokenFor,
} from "../support/api.ts";
import { document } from "./_operations.ts";

/** Every scope that there is, except those that every member may grant or request, and what the narrow callers hold. */
const held = ["agents:read", "agents:write"];
const platformScopes: string[] = Object.keys(
  document.components.securitySchemes.oauth2.flows.clientCredentials.scopes,
).filter((scope) => !["openid", "delegations:write", ...held].includes(scope));
const scopes = [...platformScopes, "resume:write", "resume:*"];

let tenant: Organization;
/** A member with `agents:write`; another that could have everything, and whose token was narrowed; one that is no member. */
let callers: Record<string, { readonly agentId: string; readonly token: string }>;
/** An agent that holds what they lack. */
let wide: Body;

beforeAll(async () => {
  tenant = await newOrganization();
  const scope = "agents:read agents:write";
  const member = await newClient(tenant.token, { grantedScopes: held });
  const everything = {
    grantedScopes: [...held, ...platformScopes].filter((scope) => scope !== "admin:orgs"),
    capabilities: ["resume:read", "resume:write", "resume:*"],
  };
  const narrowed = await newClient(tenant.token, { grantedScopes: everything.grantedScopes });
  const removed = await newClient(tenant.token, { grantedScopes: held });
  const path = `/api/v1/organizations/${tenant.organizationId}/members/${removed.agentId}`;
  expect((await call(path, { method: "DELETE", token: tenant.token })).status).toBe(204);
  const caller = async ({ agentId, ...client }: Awaited<ReturnType<typeof newClient>>) => ({
    agentId,
    token: await tokenFor(client, { scope }),
  });
  callers = {
    "a member": await caller(member),
    "a member whose token was narrowed": await caller(narrowed),
    "an agent that is no member": await caller(removed),
  };
  wide = await newAgent(tenant.token, everything);
});

/** The two fields that a scope may stand in. */
const withScope = (scope: string) =>
  platformScopes.includes(scope) ? { grantedScopes: [...held, scope] } : { capabilities: ["resume:read", scope] };

const read = async (agentId: string) => (await call(`/api/v1/agents/${agentId}`, { token: tenant.token })).body;

function expectForbidden({ status, body, text }: Answer): void {
  expect([status, body.code], text).toEqual([403, "FORBIDDEN"]);
}

describe.each(["a member", "a member whose token was narrowed", "an agent that is no member"])("%s", (who) => {
  const caller = () => callers[who] as { agentId: string; token: string };
  const patch = (agentId: string, json: unknown) =>
    call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: caller().token, json });

  describe.each(scopes)("has no %s, and cannot get it", (scope) => {
    it("by PATCH of itself", async () => {
      const before = await read(caller().agentId);
      const answer = await patch(caller().agentId, withScope(scope));
      // What it may have already is no change; its token still does not carry it.
      if (answer.status === 200) expect(who).toBe("a member whose token was narrowed");
      else expectForbidden(answer);
      const { grantedScopes, capabilities } = await read(caller().agentId);
      expect(before.grantedScopes).toEqual(expect.arrayContaining(grantedScopes));
      expect(before.capabilities).toEqual(expect.arrayContaining(capabilities));
      await call(`/api/v1/agents/${caller().agentId}`, {
        method: "PATCH",
        token: tenant.token,
        json: { grantedScopes: before.grantedScopes, capabilities: before.capabilities },
      });
    });

    it("by an agent of its making", async () => {
      const json = agentFields(withScope(scope));
      expectForbidden(await call("/api/v1/agents", { token: caller().token, json }));
      const { body } = await call("/api/v1/agents?limit=100", { token: tenant.token });
      expect(body.data.map(({ email }: Body) => email)).not.toContain(json.email);
    });

    it("by PATCH of another agent", async () => {
      const { agentId } = await newAgent(tenant.token, { grantedScopes: held });
      expectForbidden(await patch(agentId, withScope(scope)));
    });

    it("by asking for it", async () => {
      const lending = await call("/api/v1/oauth2/token/delegate", {
        token: caller().token,
        json: { delegateeAgentId: wide.agentId, scopes: [scope], ttlSeconds: 600 },
      });
      expect(lending.status).toBe(400);
    });
  });

  it.each<[string, (agentId: string) => Promise<Answer>]>([
    ["a secret", (agentId) => call(`/api/v1/agents/${agentId}/credentials`, { token: caller().token, json: {} })],
    [
      "a key",
      async (agentId) => {
        const { publicKey } = await generateKeyPair("ES256", { extractable: true });
        return patch(agentId, { publicKeyJwk: await exportJWK(publicKey) });
      },
    ],
    [
      "a policy",
      (agentId) => call("/api/v1/oidc/trust-policies", { token: caller().token, json: oidcPolicy(agentId) }),
    ],
  ])("cannot sign in as an agent that holds more, or as the admin, by giving it %s", async (_, give) => {
    expectForbidden(await give(wide.agentId));
    expectForbidden(await give(tenant.agentId));
  });

  it("cannot rotate the secret of the admin", async () => {
    const path = `/api/v1/agents/${tenant.agentId}/credentials/${tenant.credentialId}/rotate`;
    expectForbidden(await call(path, { token: caller().token, json: {} }));
  });

  it("cannot make itself an admin, or a member", async () => {
    for (const role of ["admin", "member"]) {
      expectForbidden(
        await call(`/api/v1/organizations/${tenant.organizationId}/members`, {
          token: caller().token,
          json: { agentId: caller().agentId, role },
        }),
      );
    }
  });
});

describe("an admin that is demoted", () => {
  it("makes no admin and changes no organization with its token", async () => {
    const token = await demotedToken(tenant);
    const at = `/api/v1/organizations/${tenant.organizationId}`;
    const json = { agentId: wide.agentId, role: "admin" };
    expectForbidden(await call(`${at}/members`, { token, json }));
    expectForbidden(await call(at, { method: "PATCH", token, json: { name: "Mine" } }));
    expectForbidden(await call(at, { method: "DELETE", token }));
    expectForbidden(await call(`${at}/members/${tenant.agentId}`, { method: "DELETE", token }));
    expectForbidden(await call(`/api/v1/agents/${tenant.agentId}`, { method: "DELETE", token }));
    const planTier = await call(at, {
      method: "PATCH",
      token: tenant.token,
      json: { planTier: "enterprise", maxAgents: null },
    });
    expectForbidden(planTier);
  });
});
