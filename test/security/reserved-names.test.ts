/**
 * Attack: an agent with a capability that is called like a platform scope of a later version (`tasks:manage`): no token for the
 * service ever carries it. Agents from before the names were reserved can have one; new capabilities cannot.
 */
import { env } from "cloudflare:test";
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { agentFields, call, newClient, newOrganization, type Organization } from "../support/api.ts";

const reserved = [
  "agents:list",
  "tokens:revoke",
  "audit:write",
  "webhooks:test",
  "admin:all",
  "delegations:read",
  "tasks:manage",
  "tools:approve",
  "workflows:run",
  "messages:*",
];

let tenant: Organization;
beforeAll(async () => {
  tenant = await newOrganization();
});

const patch = (agentId: string, capabilities: readonly string[]) =>
  call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: tenant.token, json: { capabilities } });

describe.each(reserved)("%s", (name) => {
  it("is refused as the capability of a new agent and of an agent that lacks it", async () => {
    const made = await call("/api/v1/agents", {
      token: tenant.token,
      json: agentFields({ capabilities: ["resume:read", name] }),
    });
    expect([made.status, made.body.details.issues[0].path]).toEqual([400, "capabilities.1"]);
    const { agentId } = await newClient(tenant.token);
    const changed = await patch(agentId, ["resume:read", name]);
    expect([changed.status, changed.body.details.issues]).toMatchObject([
      400,
      [{ path: "capabilities", received: name }],
    ]);
  });
});

describe("an agent that has a reserved name already", () => {
  it("keeps or drops it, gets it in no token, and cannot have it again", async () => {
    const { agentId, ...client } = await newClient(tenant.token);
    await (env as unknown as Bindings).DB.prepare("UPDATE agents SET capabilities = ? WHERE id = ?")
      .bind(JSON.stringify(["resume:read", "tasks:manage"]), agentId)
      .run();
    expect((await patch(agentId, ["tasks:manage", "resume:read", "resume:write"])).status).toBe(200);
    const sign = (form: Record<string, string>) =>
      call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials", ...form } });
    const all = await sign({});
    expect(String(decodeJwt(all.body.access_token).scope).split(" ")).not.toContain("tasks:manage");
    const named = await sign({ scope: "tasks:manage" });
    expect([named.status, named.body.error]).toEqual([400, "invalid_scope"]);
    expect((await patch(agentId, ["resume:read"])).status).toBe(200);
    expect((await patch(agentId, ["resume:read", "tasks:manage"])).status).toBe(400);
  });
});
