import { describe, expect, it } from "vitest";
import { type Body, call, issuer, newAgent, newOrganization } from "../../support/api.ts";
import { newPolicy, oidcPolicy } from "./_policies.ts";

const encode = (value: unknown) =>
  btoa(JSON.stringify(value)).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");

/** A token that nobody signed, but that looks as if. */
const unsigned = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  `${encode({ alg: "RS256", typ: "JWT", kid: "1", ...header })}.${encode(claims)}.${encode("signature")}`;

const exchange = (json: unknown, ip: string) =>
  call("/api/v1/oidc/token", { json, headers: { "CF-Connecting-IP": ip } });

async function refusals(token: string): Promise<Body[]> {
  const answer = await call("/api/v1/audit?action=token.refused&limit=100", { token });
  return answer.body.data.map(({ agentId, target, details }: Body) => ({ agentId, target, ...details }));
}

describe("POST /oidc/token 401", () => {
  it("RFC 6749 5.2: invalid_grant, with one text, and no reason", async () => {
    const { token, agentId } = await newOrganization();
    const answer = await exchange({ token: "x", agentId }, "198.51.100.1");
    const { requestId: _, ...body } = answer.body;
    expect([answer.status, body]).toEqual([
      401,
      {
        error: "invalid_grant",
        error_description: "The assertion is not accepted.",
        code: "UNAUTHORIZED",
        message: "The assertion is not accepted.",
        docs: `${issuer}/errors#UNAUTHORIZED`,
        hint: "The audit log of the agent's organization has the reason: `GET /api/v1/audit?action=token.refused`.",
      },
    ]);
    expect(answer.headers.get("WWW-Authenticate")).toContain('error="invalid_grant"');
    expect(await refusals(token)).toMatchObject([
      { agentId, target: agentId, reason: "token_malformed", issuer: null },
    ]);
  });

  it("a token of an issuer that the agent does not trust; its issuer is in the agent's log and in no other", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const trusted = oidcPolicy(theirs.agentId, { issuer: "https://trusted.example.com" });
    await newPolicy(theirs.token, trusted);
    const token = unsigned({ iss: "https://trusted.example.com", sub: "x" });
    expect((await exchange({ token, agentId: mine.agentId }, "198.51.100.2")).status).toBe(401);
    expect(await refusals(mine.token)).toMatchObject([{ reason: "no_policy", issuer: "https://trusted.example.com" }]);
    expect(await refusals(theirs.token)).toEqual([]);
  });

  it("an issuer of any form is cut to what a log can hold", async () => {
    const { token, agentId } = await newOrganization();
    for (const iss of [`https://${"a".repeat(3000)}.example.com`, "https://\ud800.example.com", 7, null]) {
      expect((await exchange({ token: unsigned({ iss }), agentId }, "198.51.100.3")).status).toBe(401);
    }
    const told = (await refusals(token)).map(({ reason, issuer: claimed }) => [reason, claimed]);
    expect(told).toEqual([
      ["token_malformed", "null"],
      ["token_malformed", "7"],
      ["no_policy", "https://\ufffd.example.com"],
      ["no_policy", `https://${"a".repeat(192)}`],
    ]);
    const verified = await call("/api/v1/audit/verify", { token });
    expect(verified.body.verified).toBe(true);
  });

  it("one of our own access tokens is no workload's", async () => {
    const { token, agentId } = await newOrganization();
    expect((await exchange({ token, agentId }, "198.51.100.4")).status).toBe(401);
    expect((await exchange({ token: unsigned({ iss: issuer }), agentId }, "198.51.100.4")).status).toBe(401);
    expect((await refusals(token)).map(({ reason }) => reason)).toEqual(["no_policy", "no_policy"]);
  });

  it("an agent of another organization is answered as one that never was", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const answers = [];
    for (const asked of [agentId, crypto.randomUUID()]) {
      const { status, body } = await exchange(
        { token: unsigned({ iss: "https://x.example.com" }), agentId: asked },
        "198.51.100.5",
      );
      const { requestId: _, ...rest } = body;
      answers.push({ status, rest });
    }
    expect(answers[0]).toEqual(answers[1]);
  });
});

it("POST /oidc/token 429: after ten failures for one agent from one address, and from there only", async () => {
  const { agentId } = await newOrganization();
  const statuses = [];
  for (let count = 0; count < 12; count++) {
    statuses.push((await exchange({ token: "x", agentId }, "198.51.100.6")).status);
  }
  expect(statuses.slice(-1)).toEqual([429]);
  expect(statuses.slice(0, 9)).toEqual(Array(9).fill(401));
  expect((await exchange({ token: "x", agentId }, "198.51.100.7")).status).toBe(401);
});
