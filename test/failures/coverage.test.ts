/** Every write route is attacked: one that is new fails here until it has a scenario. */
import { expect, it } from "vitest";
import { type Body, call } from "../support/api.ts";
import { agentScenarios } from "./scenarios/agents.ts";
import { billingScenarios } from "./scenarios/billing.ts";
import { consoleScenarios } from "./scenarios/console.ts";
import { credentialScenarios } from "./scenarios/credentials.ts";
import { delegationScenarios } from "./scenarios/delegation.ts";
import { nameScenarios } from "./scenarios/names.ts";
import { organizationScenarios } from "./scenarios/organizations.ts";
import { keyScenarios, setUpScenarios } from "./scenarios/service.ts";
import { tokenScenarios } from "./scenarios/tokens.ts";
import { trustScenarios } from "./scenarios/trust.ts";
import { webhookScenarios } from "./scenarios/webhooks.ts";

const attacked = [
  agentScenarios,
  billingScenarios,
  consoleScenarios,
  credentialScenarios,
  delegationScenarios,
  keyScenarios,
  nameScenarios,
  organizationScenarios,
  setUpScenarios,
  tokenScenarios,
  trustScenarios,
  webhookScenarios,
]
  .flatMap((scenarios) => Object.keys(scenarios))
  .map((name) => name.split(":")[0]);

it("every operation of the OpenAPI document that is no GET has its scenario", async () => {
  const document = (await call("/openapi.json")).body;
  const writes = Object.values<Body>(document.paths).flatMap((item) =>
    Object.entries<Body>(item).flatMap(([method, { operationId }]) => (method === "get" ? [] : [operationId])),
  );
  expect([...new Set(attacked)].sort()).toStrictEqual(writes.sort());
});
