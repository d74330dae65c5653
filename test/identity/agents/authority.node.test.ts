import { describe, expect, it } from "vitest";
import {
  type Authority,
  notGrantable,
  type Powers,
  refuseChange,
  refuseGrant,
  refuseTakeover,
} from "../../../src/access/authority.ts";
import type { AgentId, DelegationId, Scope } from "../../../src/platform/ids.ts";

const scopes = (...names: string[]) => names as Scope[];
const own = { delegation: null };
const admin: Authority = { role: "admin", scopes: scopes("admin:orgs"), ...own };
const narrowAdmin: Authority = { role: "admin", scopes: scopes("agents:write"), ...own };
const member: Authority = { role: "member", scopes: scopes("agents:write", "resume:read"), ...own };
const removed: Authority = { role: null, scopes: scopes("agents:write", "resume:read"), ...own };
const delegated: Authority = {
  ...member,
  delegation: { chainId: "chain" as DelegationId, actorAgentId: "actor" as AgentId },
};
const agent = (fields: Partial<Powers> = {}): Powers => ({
  role: "member",
  capabilities: scopes("resume:read"),
  grantedScopes: [],
  ...fields,
});

describe("what may be granted", () => {
  it("an admin without admin:orgs in its token grants capabilities, and the platform scopes that the token carries", () => {
    expect(notGrantable(narrowAdmin, scopes("agents:write", "admin:orgs", "any:thing"))).toEqual(["admin:orgs"]);
  });

  it("a delegated caller grants nothing, not even what its token carries", () => {
    expect(notGrantable(delegated, scopes("resume:read"))).toEqual(["resume:read"]);
  });

  it("an admin whose token carries admin:orgs grants everything", () => {
    expect(notGrantable(admin, scopes("admin:orgs", "any:thing"))).toEqual([]);
    expect(refuseGrant(admin, scopes("admin:orgs"))).toBeNull();
  });

  it("a member grants what its token carries and nothing else", () => {
    expect(notGrantable(member, scopes("resume:read", "resume:write", "agents:write", "admin:orgs"))).toEqual([
      "resume:write",
      "admin:orgs",
    ]);
    expect(refuseGrant(member, scopes("resume:read", "agents:write"))).toBeNull();
    expect(refuseGrant(member, scopes("resume:write"))).toMatchObject({
      code: "FORBIDDEN",
      details: { notGrantable: ["resume:write"] },
    });
  });

  it("a wildcard capability is only its own text: holding resume:* grants no resume:read, and the other way round", () => {
    expect(notGrantable(member, scopes("resume:*"))).toEqual(["resume:*"]);
    expect(notGrantable({ ...member, scopes: scopes("resume:*") }, scopes("resume:read"))).toEqual(["resume:read"]);
  });

  it("an agent that is no member grants nothing, not even what it holds", () => {
    expect(notGrantable(removed, scopes("resume:read"))).toEqual(["resume:read"]);
    expect(notGrantable(removed, [])).toEqual([]);
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
