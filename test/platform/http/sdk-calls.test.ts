import { beforeAll, describe, expect, it } from "vitest";
import { type Body, call } from "../../support/api.ts";

/** The methods of the client libraries: part, then `name retry operationId`. */
const table: Record<string, string> = {
  agents: `register keyed registerAgent; list read listAgents; summary read readAgentSummary; get read readAgent; update idempotent changeAgent;
    decommission idempotent decommissionAgent; erase idempotent eraseAgent; card read readAgentCard; badge read readAgentBadge`,
  credentials: `create keyed createCredential; list read listCredentials; rotate keyed rotateCredential;
    revoke idempotent revokeCredential`,
  tokens: `issue read issueToken; exchangeWorkload never exchangeWorkloadToken; introspect read introspectToken;
    revoke idempotent revokeToken; whoAmI read readAgentInfo`,
  delegations: `create keyed createDelegation; verify read verifyDelegation; revoke idempotent revokeDelegation;
    list read listDelegations`,
  organizations: `create keyed createOrganization; list read listOrganizations; get read readOrganization;
    update idempotent changeOrganization; delete idempotent deleteOrganization; export read exportOrganization;
    members.set idempotent setMember; members.list read listMembers; members.remove idempotent removeMember`,
  trustPolicies: `create keyed createTrustPolicy; list read listTrustPolicies; get read readTrustPolicy;
    delete idempotent deleteTrustPolicy`,
  federation: `trust keyed trustPartner; list read listPartners; get read readPartner; update idempotent changePartner;
    delete idempotent deletePartner; verifyToken read verifyPartnerToken`,
  audit: `list read listAuditEvents; get read readAuditEvent; verify read verifyAuditChain; acceptGap keyed acceptAuditGap;
    checkpoints read listAuditCheckpoints; export read exportAuditEvents`,
  webhooks: `create keyed createWebhook; list read listWebhooks; get read readWebhook; update idempotent changeWebhook;
    delete idempotent deleteWebhook; rotateSecret keyed rotateWebhookSecret; test never testWebhook;
    deliveries read listWebhookDeliveries;
    delivery read readWebhookDelivery; redeliver never redeliverDelivery`,
  analytics: `tokensByDay read countTokensByDay; activity read countRequestsByHourOfWeek;
    tokensByAgent read countTokensByAgent; credentialRotations read countCredentialRotationsByDay;
    calls read countCallsByRoute`,
  tiers: "list read listTiers; status read readTierStatus; upgrade keyed upgradeTier",
  billing: "usage read readBillingUsage; portal keyed openBillingPortal",
  domains: `add keyed addDomain; list read listDomains; get read readDomain; verify idempotent verifyDomain;
    remove idempotent removeDomain`,
  resources: `create keyed registerResource; list read listResources; get read readResource;
    update idempotent changeResource; delete idempotent deleteResource`,
  compliance: "report read readComplianceReport; agentCards read listAgentCards; controls read listControls",
  marketplace: "list read listMarketplaceAgents; get read readMarketplaceAgent",
  dids: `document read readAgentDidDocument; rootDocument read readAgentDidDocumentAtRoot;
    organizationDocument read readAgentDidDocumentOfOrganization; serviceDocument read readServiceDidDocument;
    resolve read resolveAgentDid`,
  discovery: `jwks read readPublishedKeys; authorizationServer read readAuthorizationServerMetadata;
    openIdConfiguration read readOpenIdProviderMetadata; protectedResource read readProtectedResourceMetadata`,
  keys: "rotate never rotateSigningKeys",
  scaffold: "generate read generateScaffold",
  service: "health read readHealth; detailedHealth read readDetailedHealth; metrics read readMetrics",
};

const methods = Object.entries(table).flatMap(([part, list]) =>
  list.split(";").map((entry) => {
    const [name, retry, operationId] = entry.trim().split(/\s+/);
    return [operationId, `${part}.${name}`, retry];
  }),
);
// It makes the first client, so no client has it.
const expected = [...methods, ["setUp", "setUp", "never"]];

let operations: Body[];

beforeAll(async () => {
  const { body } = await call("/openapi.json");
  operations = Object.values<Body>(body.paths).flatMap((item) => Object.values<Body>(item));
});

describe("the methods of the client libraries in the document", () => {
  it("are one for each operation, with what a library may repeat", () => {
    const found = operations
      .filter((operation) => operation["x-sdk-call"] !== false)
      .map((operation) => [operation.operationId, operation["x-sdk-call"], operation["x-sdk-retry"]]);
    expect(found.sort()).toEqual(expected.sort());
  });

  it("leave out the aliases, Stripe's webhook and what is the console's own", () => {
    const left = operations.filter((operation) => operation["x-sdk-call"] === false);
    expect(left.map(({ operationId }) => operationId).sort()).toEqual([
      "createConsoleLink",
      "endOtherSession",
      "endSession",
      "issueTokenOAuth2",
      "listSessions",
      "readAgentInfoByPOST",
      "readSession",
      "receiveEventFromStripe",
      "startSession",
      "upgradeTierByBilling",
    ]);
    for (const operation of left) expect(operation).not.toHaveProperty("x-sdk-retry");
  });
});
