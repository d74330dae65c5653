import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import { issuer, setupToken } from "../../support/api.ts";

async function post(path: string) {
  const { SETUP_TOKEN: _, ...bindings } = env as unknown as Bindings;
  const request = new Request<unknown, IncomingRequestCfProperties>(`${issuer}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${setupToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" }),
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request, bindings, context);
  await waitOnExecutionContext(context);
  const { requestId, ...body } = (await response.json()) as Record<string, unknown>;
  expect(requestId).toBe(response.headers.get("X-Request-Id"));
  return { status: response.status, body };
}

it("without SETUP_TOKEN the set-up is a path like any that does not exist", async () => {
  const answer = await post("/api/v1/setup");
  expect(answer.status).toBe(404);
  expect(answer.body.code).toBe("NOT_FOUND");
  expect(answer).toEqual(await post("/api/v1/set-up"));
});
