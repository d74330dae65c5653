/** Steps that the tests of workload identity share: agents with policies, the exchange, and what the audit log says of it. */
import { expect } from "vitest";
import { type Admin, agentFields, type Body, send } from "../support/http-client.ts";
import type { WorkerProcess } from "../support/worker-process.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

let sources = 0;
/** An address that no other request of this file comes from, so that none is throttled for what another did. */
export const newSource = () => `198.51.${100 + (++sources >> 8)}.${sources & 255}`;

/** Turns a workload's token into an access token, or is refused. */
export async function exchange(
  worker: WorkerProcess,
  body: { readonly token: unknown; readonly agentId?: string | undefined },
  { headers = {}, instance = worker.issuer }: { headers?: Record<string, string>; instance?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${instance}/api/v1/oidc/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "CF-Connecting-IP": newSource(), ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export interface Workload {
  readonly agentId: string;
  readonly policyId: string;
}

/** Makes a policy for an agent. `fields` are those of its provider; GitHub's repository is filled in. */
export async function newPolicy(
  worker: WorkerProcess,
  admin: Admin,
  agentId: string,
  fields: Record<string, unknown>,
): Promise<string> {
  const json = { provider: "github", ...(fields.provider ? {} : { repository: "acme/resumes" }), agentId, ...fields };
  const answer = await send(worker.issuer, "/api/v1/oidc/trust-policies", { token: admin.token, json });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.policyId;
}

/** An agent without any credential but a policy. */
export async function newWorkload(
  worker: WorkerProcess,
  admin: Admin,
  policy: Record<string, unknown>,
  agent: Record<string, unknown> = {},
): Promise<Workload> {
  const answer = await send(worker.issuer, "/api/v1/agents", { token: admin.token, json: agentFields(agent) });
  expect(answer.status, answer.text).toBe(201);
  const { agentId } = answer.body;
  return { agentId, policyId: await newPolicy(worker, admin, agentId, policy) };
}

/** The events of refused sign-ins in an organization's log, newest first. */
export async function refusals(worker: WorkerProcess, admin: Admin, agentId?: string): Promise<Body[]> {
  const query = new URLSearchParams({ action: "token.refused", limit: "100", ...(agentId ? { agentId } : {}) });
  const answer = await send(worker.issuer, `/api/v1/audit?${query}`, { token: admin.token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data;
}

/** The one answer to every refused token. */
export function expectRefused({ status, headers, body: { requestId, ...body } }: Answer): void {
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect({ status, cache: headers.get("Cache-Control"), body }).toEqual({
    status: 401,
    cache: "no-store",
    body: {
      code: "UNAUTHORIZED",
      message: "The assertion is not accepted.",
      error: "invalid_grant",
      error_description: "The assertion is not accepted.",
      docs: expect.stringMatching(/^http:\/\/[^/]+\/errors#UNAUTHORIZED$/),
      hint: "The audit log of the agent's organization has the reason: `GET /api/v1/audit?action=token.refused`.",
    },
  });
}
