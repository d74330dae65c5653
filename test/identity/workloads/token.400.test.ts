/**
 * Faults of the request: it names no agent, or `scope` or `resource` break their rules. Attack: a policy of another
 * organization for the same repository, and a job that names no agent.
 */
import { describe, expect, it } from "vitest";
import { call, newOrganization } from "../../support/api.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const agentId = "01a20135-569e-763e-9ac5-85790156016c";

describe("POST /oidc/token", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["no token", { agentId }, "token"],
    ["no agentId", { token: "x" }, "agentId"],
    ["an agentId that is no id", { token: "x", agentId: "me" }, "agentId"],
    ["a list as scope", { token: "x", agentId, scope: ["resume:read"] }, "scope"],
    ["a list as resource", { token: "x", agentId, resource: ["https://a.example"] }, "resource"],
    ["a field that is not known", { token: "x", agentId, audience: "https://a.example" }, "audience"],
  ])("%s: an error of the request is an OAuth error too", async (_, json, path) => {
    const answer = await call("/api/v1/oidc/token", { json });
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { code: "VALIDATION_ERROR", error: "invalid_request", details: { issues: [{ path }] } },
    ]);
    expect(answer.text).not.toContain('"received":"x"');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a scope with two spaces", { scope: "a:b  c:d" }, "invalid_scope"],
    ["a resource with a fragment", { resource: "https://a.example/#x" }, "invalid_target"],
  ])("%s", async (_, fields, error) => {
    const answer = await call("/api/v1/oidc/token", { json: { token: "x", agentId, ...fields } });
    expect([answer.status, answer.body.error]).toEqual([400, error]);
  });

  it("415: a form", async () => {
    const answer = await call("/api/v1/oidc/token", { form: { token: "x", agentId } });
    expect([answer.status, answer.body.error]).toEqual([415, "invalid_request"]);
  });
});

it("the jwt-bearer grant without client_id", async () => {
  await newOrganization();
  const answer = await call("/api/v1/token", { form: { grant_type: jwtBearer, assertion: "a.b.c" } });
  expect([answer.status, answer.body]).toMatchObject([
    400,
    {
      code: "VALIDATION_ERROR",
      error: "invalid_request",
      error_description: "client_id is missing. It names the agent to sign in as.",
    },
  ]);
});
