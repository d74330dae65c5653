import { describe, expect, it } from "vitest";
import {
  type Authority,
  notGrantable,
  type Powers,
  refuseAdminScope,
  refuseChange,
  refuseGrant,
  refuseTakeover,
} from "../../../src/access/authority.ts";
import { capabilitiesOf, platformScopesOf, type ScopeHolder } from "../../../src/access/scopes.ts";
import type { AgentId, DelegationId, Scope } from "../../../src/platform/ids.ts";

const scopes = (...names: string[]) => names as Scope[];
const own = { delegation: null, capabilities: scopes("resume:read") };
const admin: Authority = { role: "admin", scopes: scopes("admin:orgs"), ...own };
const narrowAdmin: Authority = { role: "admin", scopes: scopes("agents:write"), ...own };
const member: Authority = { role: "member", scopes: scopes("agents:write"), ...own };
const removed: Authority = { role: null, scopes: scopes("agents:write"), ...own };
const delegated: Authority = {
  ...member,
  delegation: { chainId: "chain" as DelegationId, actorAgentId: "actor" as AgentId },
};
const powers = (capabilities: string[], grantedScopes: string[] = []): Powers => ({
  capabilities: scopes(...capabilities),
  grantedScopes: scopes(...grantedScopes),
});
const agent = (fields: Partial<ScopeHolder> = {}): ScopeHolder => ({
  role: "member",
  ...powers(["resume:read"]),
  ...fields,
});

describe("what may be granted", () => {
  it.each([
    ["an admin with admin:orgs", admin, []],
    ["an admin without it", narrowAdmin, ["resume:write", "audit:read"]],
    ["a member", member, ["resume:write", "audit:read"]],
    ["an agent without a role", removed, ["resume:read", "resume:write", "agents:write", "audit:read"]],
    ["a delegated caller", delegated, ["resume:read", "resume:write", "agents:write", "audit:read"]],
  ])("%s: platform scopes of its token, capabilities of its agent", (_, caller, outside) => {
    const asked = powers(["resume:read", "resume:write"], ["agents:write", "audit:read"]);
    expect(notGrantable(caller, asked)).toEqual(outside);
    expect(refuseGrant(caller, asked)?.details?.notGrantable ?? []).toEqual(outside);
  });

  it("a capability in the token that the agent has lost is not grantable, one that the token leaves out is", () => {
    const lost = { ...member, scopes: scopes("agents:write", "resume:write") };
    expect(notGrantable(lost, powers(["resume:read", "resume:write"]))).toEqual(["resume:write"]);
  });

  it("delegations:write every member may grant", () => {
    expect(notGrantable(member, powers([], ["delegations:write"]))).toEqual([]);
    expect(notGrantable(removed, powers([], ["delegations:write"]))).toEqual(["delegations:write"]);
  });

  it("a wildcard capability is only its own text: holding resume:* grants no resume:read, and the other way round", () => {
    expect(notGrantable(member, powers(["resume:*"]))).toEqual(["resume:*"]);
    const wildcard = { ...member, capabilities: scopes("resume:*") };
    expect(notGrantable(wildcard, powers(["resume:read"]))).toEqual(["resume:read"]);
  });
});

describe("admin:orgs", () => {
  it.each([
    ["admin", null],
    ["member", "VALIDATION_ERROR"],
    [null, "VALIDATION_ERROR"],
  ] as const)("in grantedScopes of an agent with the role %s: %s", (role, code) => {
    const grantedScopes = scopes("agents:read", "admin:orgs");
    expect(refuseAdminScope({ role, grantedScopes })?.code ?? null).toBe(code);
    expect(platformScopesOf({ role, grantedScopes })).toEqual(
      scopes("agents:read", ...(role === "admin" ? ["admin:orgs"] : []), "openid"),
    );
  });
});

describe("the scopes of a token", () => {
  it("come from grantedScopes for the platform, and never from a capability with a reserved name", () => {
    const capabilities = scopes("resume:read", "tasks:manage", "agents:read", "admin:all", "messages:*");
    expect(platformScopesOf({ role: "admin", grantedScopes: [] })).toEqual(["openid"]);
    expect(capabilitiesOf({ capabilities })).toEqual(["resume:read"]);
  });
});

describe("whom one may change", () => {
  it.each([
    ["an admin", "an admin", admin, agent({ role: "admin" }), true],
    ["an admin", "a member", admin, agent(), true],
    ["a member", "an admin", member, agent({ role: "admin" }), false],
    ["a member", "a wider member", member, agent({ capabilities: scopes("salary:read") }), true],
    ["a member", "an agent without a role", member, agent({ role: null }), true],
    ["an agent without a role", "an admin", removed, agent({ role: "admin" }), false],
  ])("%s changes %s", (_caller, _agent, caller, target, allowed) => {
    expect(refuseChange(caller, target)?.code ?? null).toBe(allowed ? null : "FORBIDDEN");
  });
});

describe("as whom one may learn to sign in", () => {
  it.each([
    ["an admin", "an admin", admin, agent({ role: "admin", grantedScopes: scopes("admin:orgs") }), true],
    ["a member", "an agent no wider than its token", member, agent({ grantedScopes: scopes("agents:write") }), true],
    ["a member", "an agent with another capability", member, agent({ capabilities: scopes("salary:read") }), false],
    ["a member", "an agent with another scope", member, agent({ grantedScopes: scopes("audit:read") }), false],
    ["a member", "an admin with the same scopes", member, agent({ role: "admin" }), false],
    ["an agent without a role", "an agent with the same scopes", removed, agent(), false],
  ])("%s as %s", (_caller, _agent, caller, target, allowed) => {
    expect(refuseTakeover(caller, target)?.code ?? null).toBe(allowed ? null : "FORBIDDEN");
  });

  it("names what is beyond the caller", () => {
    const target = agent({ capabilities: scopes("resume:read", "salary:read"), grantedScopes: scopes("audit:read") });
    expect(refuseTakeover(member, target)?.details).toEqual({ notGrantable: ["salary:read", "audit:read"] });
  });
});
