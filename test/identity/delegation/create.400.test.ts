/** Lending what is not to lend, to whom nothing can be lent, or in a way that cannot be read. */
import { beforeAll, describe, expect, it } from "vitest";
import { call, newClient, newOrganization, type Organization, theOperator, tokenFor } from "../../support/api.ts";
import { type AgentClient, delegate, newParties, type Parties } from "./_parties.ts";

let operator: Organization;
let tenant: Organization;
let parties: Parties;

beforeAll(async () => {
  operator = await theOperator();
  tenant = await newOrganization();
  parties = await newParties(operator.token);
});

describe("nothing widens", () => {
  it("scopes outside the token are refused and named", async () => {
    const scopes = ["audit:read", "agents:write", "tokens:read"];
    const answer = await delegate(parties.token, parties.delegatee.agentId, { scopes });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: "VALIDATION_ERROR",
      details: {
        outside: ["agents:write", "tokens:read"],
        issues: [{ path: "scopes", message: "names what your token does not carry: agents:write tokens:read" }],
      },
    });
  });

  it("what the delegator may have but this token does not carry is outside too", async () => {
    const narrow = await tokenFor(parties.delegator, { scope: "audit:read agents:read" });
    const answer = await delegate(narrow, parties.delegatee.agentId, { scopes: ["webhooks:read"] });
    expect(answer.body.details.outside).toEqual(["webhooks:read"]);
  });

  it("a capability, whose resource the request does not name", async () => {
    const answer = await delegate(parties.token, parties.delegatee.agentId, { scopes: ["resume:read"] });
    expect(answer.status).toBe(400);
    expect(answer.body.details).toEqual({
      outside: ["resume:read"],
      issues: [
        {
          path: "scopes",
          message: "names what your token does not carry: resume:read. To lend a capability, name its resource",
        },
      ],
    });
  });

  it("a scope that was taken from the delegator, although the token carries it still", async () => {
    const { token, delegator, delegatee } = await newParties(operator.token);
    const path = `/api/v1/agents/${delegator.agentId}`;
    await call(path, {
      method: "PATCH",
      token: operator.token,
      json: { grantedScopes: ["agents:read", "webhooks:read"] },
    });
    const answer = await delegate(token, delegatee.agentId);
    expect(answer.status).toBe(400);
    expect(answer.body.details).toEqual({
      outside: ["audit:read"],
      issues: [{ path: "scopes", message: "names what has been taken from you: audit:read" }],
    });
  });
});

describe("a delegatee that there is not", () => {
  const inState = async (json: Record<string, unknown> | null): Promise<AgentClient> => {
    const client = await newClient(operator.token);
    const path = `/api/v1/agents/${client.agentId}`;
    const answer = await call(path, {
      token: operator.token,
      ...(json ? { method: "PATCH", json } : { method: "DELETE" }),
    });
    expect(answer.status).toBeLessThan(300);
    return client;
  };

  it.each([
    ["the delegator itself", async () => parties.delegator.agentId],
    ["an agent that never was", async () => "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10"],
    ["one of another organization", async () => tenant.agentId],
    ["a suspended one", async () => (await inState({ status: "suspended" })).agentId],
    ["a decommissioned one", async () => (await inState(null)).agentId],
  ])("%s: one answer for all of them", async (_, agentId) => {
    const delegatee = await agentId();
    const answer = await delegate(parties.token, delegatee);
    expect(answer.status).toBe(400);
    expect({ ...answer.body, requestId: "" }).toEqual({
      code: "VALIDATION_ERROR",
      error: "invalid_request",
      error_description: expect.any(String),
      message: expect.any(String),
      hint: expect.any(String),
      docs: expect.stringContaining("/errors#VALIDATION_ERROR"),
      requestId: "",
      details: {
        issues: [
          {
            path: "delegateeAgentId",
            message: "must be another active agent of your organization",
            received: delegatee,
          },
        ],
      },
    });
  });
});

describe("a body that breaks a rule", () => {
  it.each([
    ["no delegatee", { delegateeAgentId: undefined }, "delegateeAgentId"],
    ["a delegatee that is no id", { delegateeAgentId: "somebody" }, "delegateeAgentId"],
    ["no scopes", { scopes: [] }, "scopes"],
    ["a scope twice", { scopes: ["audit:read", "audit:read"] }, "scopes"],
    ["65 scopes", { scopes: Array.from({ length: 65 }, (_, index) => `a:b${index}`) }, "scopes"],
    ["an empty scope", { scopes: [""] }, "scopes.0"],
    ["a scope that is too long", { scopes: ["a".repeat(129)] }, "scopes.0"],
    ["scopes as one text", { scopes: "audit:read" }, "scopes"],
    ["59 seconds", { ttlSeconds: 59 }, "ttlSeconds"],
    ["a day and a second", { ttlSeconds: 86_401 }, "ttlSeconds"],
    ["half a second", { ttlSeconds: 60.5 }, "ttlSeconds"],
    ["seconds as text", { ttlSeconds: "900" }, "ttlSeconds"],
    ["an unknown field", { delegatorAgentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }, "delegatorAgentId"],
  ])("%s", async (_, fields, path) => {
    const answer = await delegate(parties.token, parties.delegatee.agentId, fields);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "VALIDATION_ERROR", details: { issues: [{ path }] } });
  });
});
