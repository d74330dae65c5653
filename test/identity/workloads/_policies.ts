/** Steps that the tests of workload identity share. */
import { expect } from "vitest";
import { type Answer, type Body, call } from "../../support/api.ts";

export const policiesPath = "/api/v1/oidc/trust-policies";

/** The least that makes a GitHub policy. */
export const githubPolicy = (agentId: string, fields: Record<string, unknown> = {}) => ({
  provider: "github",
  repository: "acme/resumes",
  branch: "main",
  agentId,
  ...fields,
});

/** The least that makes a general policy. */
export const oidcPolicy = (agentId: string, fields: Record<string, unknown> = {}) => ({
  provider: "oidc",
  issuer: "https://gitlab.example.com",
  audience: "https://idp.example.com",
  claims: { project_path: "acme/resumes", ref: "main" },
  agentId,
  ...fields,
});

export const createPolicy = (token: string, json: unknown): Promise<Answer> => call(policiesPath, { token, json });

/** Makes a policy; fails the test when refused. */
export async function newPolicy(token: string, json: unknown): Promise<Body> {
  const answer = await createPolicy(token, json);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

export const deletePolicy = (token: string, policyId: string): Promise<Answer> =>
  call(`${policiesPath}/${policyId}`, { token, method: "DELETE" });
