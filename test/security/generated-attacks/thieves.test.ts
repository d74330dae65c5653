/**
 * Attack: a thief with one narrow token, a delegated one, a member, an admin without `admin:orgs`, a token for a resource or of
 * another tenant: every route of the OpenAPI document, looking for more authority. A new route is attacked the day it is added.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { serveIssuers } from "../../identity/federation/_support.ts";
import { operations } from "../_operations.ts";
import { attack, type Outcome } from "./_attack.ts";
import { accomplices, thieves } from "./_thieves.ts";

beforeAll(() => serveIssuers());
afterAll(() => vi.restoreAllMocks());

/** What is new, with the calls that gave it. */
const beyond = (reach: ReadonlyMap<string, string>, may: readonly string[]) =>
  [...reach].filter(([what]) => !may.includes(what)).map(([what, by]) => `${what}: by ${by}`);

/** Operations that an admin of another tenant gets no 2xx from. A new one with a path that needs no id of the other tenant does not belong here. */
const unanswered = new Set([
  // Those of the operator, of Stripe, and of a workload's provider.
  ...["rotateSigningKeys", "createOrganization", "receiveEventFromStripe", "upgradeTier"],
  ...["upgradeTierByBilling", "openBillingPortal"],
  ...["setUp", "exchangeWorkloadToken", "acceptAuditGap"],
  // Those of the console's own pages.
  ...["startSession", "readSession", "endSession", "listSessions", "endOtherSession"],
  // With ids of the other tenant.
  ...["readOrganization", "changeOrganization", "deleteOrganization", "setMember", "listMembers", "removeMember"],
  ...["exportOrganization", "decommissionAgent", "eraseAgent"],
  ...["addDomain", "listDomains", "readDomain", "removeDomain", "verifyDomain"],
  ...["createTrustPolicy", "readTrustPolicy", "deleteTrustPolicy", "readMarketplaceAgent"],
]);

/** In milliseconds. A thief makes up to two thousand calls. */
const slowest = 600_000;

describe.each(thieves)("$name", ({ may, keeps, leaves = [], sees = [], isElsewhere, ...thief }) => {
  let outcome: Outcome;
  const counts = (what: string) => !isElsewhere || what.includes("foreign");

  beforeAll(async () => {
    outcome = await attack({ may, ...(keeps ? { keeps } : {}), ...(isElsewhere ? { isElsewhere } : {}), ...thief });
  }, slowest);

  it("can do no more than before", () => {
    expect(beyond(outcome.reach, [...may, ...accomplices]).filter(counts)).toEqual([]);
  });

  it("can do what it could: the walk has reached it", () => {
    expect(may.filter((what) => !outcome.reach.has(what))).toEqual([]);
  });

  it("keeps nothing once its token is revoked, but what it has made by right", () => {
    expect(beyond(outcome.kept, [...(keeps ? may : []), ...accomplices]).filter(counts)).toEqual([]);
  });

  it("leaves nothing where it may not", () => {
    const isAllowed = (trace: string) => leaves.some((one) => trace === one || trace.startsWith(`${one}: `));
    expect(outcome.traces.filter((trace) => counts(trace) && !isAllowed(trace))).toEqual([]);
  });

  it("sees nothing that is private elsewhere, and opens nothing by an address", () => {
    const allowed = sees.map((one) => `${one} shows what is private in another organization`);
    expect(outcome.leaks.filter((leak) => !allowed.includes(leak))).toEqual([]);
  });

  // An admin may call everything in its own organization. So this shows that the generated bodies are in order.
  it.runIf(isElsewhere)("gets a 2xx from every operation, but from those below", () => {
    const refused = operations.map(({ operationId }) => operationId).filter((id) => !outcome.succeeded.has(id));
    expect(refused.filter((id) => !unanswered.has(id))).toEqual([]);
  });
});
