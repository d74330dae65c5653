/** RFC 8693 2.2.2: exchanges that are refused. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { call, newClient, newOrganization, type Organization, theOperator, tokenFor } from "../../support/api.ts";
import { accessTokenType, exchange, exchangeGrant, lend, newParties, type Parties, revoke } from "./_parties.ts";

let operator: Organization;
let tenant: Organization;
let parties: Parties;
let delegationToken: string;

beforeAll(async () => {
  operator = await theOperator();
  tenant = await newOrganization();
  parties = await newParties(operator.token);
  ({ delegationToken } = await lend(parties));
});

describe("invalid_grant, with one text for every reason", () => {
  const refused = {
    code: "VALIDATION_ERROR",
    message: "The delegation is not valid, or not for this client.",
    error: "invalid_grant",
    error_description: "The delegation is not valid, or not for this client.",
    hint: expect.any(String),
    docs: expect.stringContaining("/errors#VALIDATION_ERROR"),
    requestId: expect.any(String),
  };

  it.each([
    ["a third agent", () => newClient(operator.token)],
    ["the delegator", async () => parties.delegator],
    ["an agent of another organization", async () => tenant],
  ])("%s presents it", async (_, client) => {
    const answer = await exchange(await client(), delegationToken);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refused);
  });

  it.each<[string, () => string | Promise<string>]>([
    ["rubbish", () => "rubbish"],
    ["without its prefix", () => delegationToken.slice("sa_del_".length)],
    ["truncated by a character", () => delegationToken.slice(0, -1)],
    ["extended by a character", () => `${delegationToken}A`],
    ["with another payload", () => delegationToken.replace(/\.[^.]{4}/, ".AAAA")],
    ["an access token", () => parties.token],
    ["an access token with the prefix", () => `sa_del_${parties.token}`],
    [
      "revoked",
      async () => {
        const delegation = await lend(parties);
        await revoke(parties.token, delegation.chainId);
        return delegation.delegationToken;
      },
    ],
  ])("%s", async (_, token) => {
    const answer = await exchange(parties.delegatee, await token());
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refused);
    const log = await call("/api/v1/audit?action=token.refused&limit=1", { token: operator.token });
    expect(log.body.data[0]).toMatchObject({
      agentId: parties.delegatee.agentId,
      actor: { agentId: parties.delegatee.agentId },
      details: { grant: exchangeGrant, reason: "delegation_refused" },
    });
  });

  it("expired", async () => {
    const delegation = await lend(parties, { ttlSeconds: 60 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(delegation.expiresAt) });
    const answer = await exchange(parties.delegatee, delegation.delegationToken);
    vi.useRealTimers();
    expect(answer.body).toEqual(refused);
  });
});

describe("invalid_scope", () => {
  it.each(["webhooks:read", "tokens:read", "audit:read agents:read"])("%s was not lent", async (scope) => {
    const answer = await exchange(parties.delegatee, delegationToken, { scope });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe("invalid_scope");
    expect(answer.body.details.outside).toEqual(scope.split(" ").filter((one) => one !== "audit:read"));
  });
});

describe("RFC 8693 2.1: the parameters", () => {
  it.each([
    ["no subject_token", { subject_token: "" }, "invalid_request"],
    ["no subject_token_type", { subject_token_type: "" }, "invalid_request"],
    ["another kind of subject_token", { subject_token_type: accessTokenType }, "invalid_request"],
    [
      "another kind of token wanted",
      { requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token" },
      "invalid_request",
    ],
    ["an actor_token", { actor_token: "x", actor_token_type: accessTokenType }, "invalid_request"],
    ["the type of an actor_token alone", { actor_token_type: accessTokenType }, "invalid_request"],
    ["an audience", { audience: "https://resumes.example.com" }, "invalid_target"],
    ["a resource that is no URI", { resource: "resumes" }, "invalid_target"],
  ])("%s", async (_, parameters, error) => {
    const answer = await exchange(parties.delegatee, delegationToken, parameters);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "VALIDATION_ERROR", error });
  });

  it.each(["subject_token", "subject_token_type", "requested_token_type", "actor_token", "audience"])(
    "%s sent twice",
    async (name) => {
      const form = new URLSearchParams({
        grant_type: exchangeGrant,
        subject_token: delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
      });
      form.append(name, "a");
      form.append(name, "b");
      const answer = await call("/api/v1/token", { basic: parties.delegatee, form });
      expect(answer.status).toBe(400);
      expect(answer.body.error).toBe(name === "audience" ? "invalid_target" : "invalid_request");
    },
  );
});

describe("invalid_client, whatever the token is worth", () => {
  it.each(["a good token", "a bad token"])("%s", async (token) => {
    const subject = token === "a good token" ? delegationToken : "rubbish";
    const wrong = { ...parties.delegatee, clientSecret: "wrong" };
    for (const answer of [
      await exchange(wrong, subject),
      await call("/api/v1/token", {
        form: {
          grant_type: exchangeGrant,
          subject_token: subject,
          subject_token_type: "urn:sentryagent:token-type:delegation",
          client_id: parties.delegatee.clientId,
        },
      }),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.body.error).toBe("invalid_client");
    }
  });
});

describe("a delegation token is nothing but a delegation token", () => {
  const bare = () => delegationToken.slice("sa_del_".length);

  it("no access token", async () => {
    for (const token of [delegationToken, bare()]) {
      expect((await call("/agent-info", { token })).status).toBe(401);
    }
  });

  it("no client assertion", async () => {
    for (const token of [delegationToken, bare()]) {
      const form = {
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: token,
      };
      expect((await call("/api/v1/token", { form })).body.error).toBe("invalid_client");
    }
  });

  it("no assertion of a workload", async () => {
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: bare(),
      client_id: parties.delegatee.clientId,
    };
    expect((await call("/api/v1/token", { form })).body.error).toBe("invalid_grant");
  });

  it("and an id_token is none", async () => {
    const { body } = await call("/api/v1/token", {
      basic: parties.delegatee,
      form: { grant_type: "client_credentials", scope: "openid tokens:read" },
    });
    for (const token of [body.id_token, `sa_del_${body.id_token}`]) {
      expect((await exchange(parties.delegatee, token)).body.error).toBe("invalid_grant");
    }
    expect(await tokenFor(parties.delegatee)).toMatch(/^eyJ/);
  });
});
