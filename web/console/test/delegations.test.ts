/** What the screens of delegations work out by themselves. */
import { expect, it } from "vitest";
import type { Delegation } from "../src/api/schema.ts";
import { delegationOf, issuesOfDraft, lendable, newDraft } from "../src/screens/delegations/draft.ts";
import { edgesOf, node, place, weightOf } from "../src/screens/delegations/layout.ts";
import { verdictOf } from "../src/screens/delegations/verdict.ts";

const delegation = (from: string, to: string, fields: Partial<Delegation> = {}): Delegation => ({
  chainId: `${from}-${to}`,
  delegatorAgentId: from,
  delegateeAgentId: to,
  scopes: ["agents:read"],
  issuedAt: "2026-11-01T00:00:00.000Z",
  expiresAt: "2026-11-02T00:00:00.000Z",
  status: "active",
  revokedAt: null,
  ...fields,
});

it("two delegations from one agent to another are one edge, with the scopes of the active ones", () => {
  const edges = edgesOf([
    delegation("a", "b"),
    delegation("a", "b", { scopes: ["audit:read", "agents:read"] }),
    delegation("a", "b", { scopes: ["webhooks:read"], status: "expired" }),
    delegation("b", "a", { status: "revoked" }),
  ]);
  expect(edges).toEqual([
    { from: "a", to: "b", scopes: ["agents:read", "audit:read"], isOver: false },
    { from: "b", to: "a", scopes: ["agents:read"], isOver: true },
  ]);
});

it("who gives stands left of who gets, boxes do not overlap, and all is in the picture", () => {
  const delegations = Array.from({ length: 100 }, (_, at) => delegation(`giver-${at % 7}`, `taker-${at}`));
  const { width, height, nodes } = place(edgesOf(delegations));
  expect(nodes).toHaveLength(107);
  const x = (name: string) => nodes.find(({ agentId }) => agentId === name)?.x ?? Number.NaN;
  for (const { delegatorAgentId, delegateeAgentId } of delegations)
    expect(x(delegatorAgentId)).toBeLessThan(x(delegateeAgentId));
  for (const [at, one] of nodes.entries()) {
    expect(one.x - node.width / 2).toBeGreaterThanOrEqual(0);
    expect(one.x + node.width / 2).toBeLessThanOrEqual(width);
    expect(one.y + node.height / 2).toBeLessThanOrEqual(height);
    for (const other of nodes.slice(at + 1)) {
      const isApart = Math.abs(one.x - other.x) >= node.width || Math.abs(one.y - other.y) >= node.height;
      expect(isApart, `${one.agentId} and ${other.agentId}`).toBe(true);
    }
  }
});

it("agents that lend each other can be drawn", () => {
  expect(
    place(edgesOf([delegation("a", "b"), delegation("b", "a")])).edges.map(({ points }) => points.length > 1),
  ).toEqual([true, true]);
});

it.each([
  [0, 1],
  [1, 1],
  [4, 3],
  [1000, 6],
])("an edge of %i scopes is %i wide", (scopes, width) => {
  expect(weightOf(scopes)).toBe(width);
});

it("rights over the organization and lending itself are not offered", () => {
  expect(lendable(["agents:read", "admin:orgs", "delegations:write", "something:newer"])).toEqual(["agents:read"]);
});

it("a draft says what is missing, and becomes the body", () => {
  expect(issuesOfDraft(newDraft).map(({ path }) => path)).toEqual(["delegateeAgentId", "scopes"]);
  const draft = {
    ...newDraft,
    delegatee: "b",
    what: "resource" as const,
    resource: " urn:agentidp:acme:resumes ",
    capabilities: "resume:read, resume:score",
  };
  expect(issuesOfDraft(draft)).toEqual([]);
  expect(delegationOf(draft)).toEqual({
    delegateeAgentId: "b",
    scopes: ["resume:read", "resume:score"],
    resource: "urn:agentidp:acme:resumes",
    ttlSeconds: 3600,
  });
});

const [past, future] = ["2026-11-01T00:00:00.000Z", "2026-11-03T00:00:00.000Z"];

it.each([
  ["valid", { valid: true, revokedAt: null, expiresAt: future }, "It is valid"],
  ["revoked", { valid: false, revokedAt: past, expiresAt: future }, "It was revoked"],
  ["expired", { valid: false, revokedAt: null, expiresAt: past }, "It is not valid any more"],
  ["of a disabled resource", { valid: false, revokedAt: null, expiresAt: future }, "It is not valid now"],
])("a delegation that is %s is told as such", (_, result, title) => {
  expect(verdictOf(result, new Date("2026-11-02T00:00:00.000Z")).title).toBe(title);
});
