/** The comparison that every answer of the tests goes through refuses what the OpenAPI document does not have. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { openApiPath } from "../../scripts/openapi.ts";
import { expectDocumented, type SeenAnswer } from "../support/documented.ts";

const { paths } = JSON.parse(readFileSync(openApiPath, "utf8"));
const exampleOf = (path: string, status: number) =>
  paths[path].get.responses[status].content["application/json"].example;

const id = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
const agent: SeenAnswer = {
  method: "GET",
  path: `/api/v1/agents/${id}?limit=1`,
  status: 200,
  type: "application/json; charset=utf-8",
  body: exampleOf("/api/v1/agents/{agentId}", 200),
};

const problem = {
  code: "AGENT_NOT_FOUND",
  message: "",
  hint: "",
  docs: "https://idp.example.com/errors",
  requestId: id,
};

it("accepts what is declared, and what is no route", () => {
  expectDocumented(agent);
  expectDocumented({ ...agent, status: 404, body: problem });
  expectDocumented({ ...agent, path: "/api/v1/nowhere", status: 299 });
});

it.each<[string, Partial<SeenAnswer>]>([
  ["The answer 418 of GET /api/v1/agents/{agentId} is not in sdk/openapi.json", { status: 418 }],
  ["is text/json, which is not in sdk/openapi.json", { type: "text/json" }],
  ["body must have required property 'agentId'", { body: {} }],
  ["body/code must be equal to one of the allowed values", { status: 404, body: { ...problem, code: "X" } }],
])("refuses: %s", (message, change) => {
  expect(() => expectDocumented({ ...agent, ...change })).toThrow(message);
});

it("refuses the payload of a delivery whose data is of another event", () => {
  const path = "/api/v1/webhooks/{webhookId}/deliveries";
  const list = exampleOf(path, 200);
  const payload = {
    ...list.deliveries[0].payload,
    event: "credential.revoked",
    data: { agentId: id } as Record<string, string>,
  };
  const body = { ...list, deliveries: [{ ...list.deliveries[0], payload }] };
  const answer = { ...agent, path: path.replace("{webhookId}", id), body };
  expect(() => expectDocumented(answer)).toThrow("body/data must have required property 'credentialId'");
  payload.data.credentialId = id;
  expectDocumented(answer);
});
