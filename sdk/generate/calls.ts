/** The methods of the client libraries, the same in each language, and what the document cannot say about them. */

/** Whether a library may repeat a request. `never`: not after the service may have received it. */
export type RetryClass = "read" | "idempotent" | "keyed" | "never";

const classes: Readonly<Record<string, RetryClass>> = { r: "read", i: "idempotent", k: "keyed", n: "never" };

/** Part of the library, then its methods, each with the first letter of its class. */
const table: Readonly<Record<string, string>> = {
  agents: `register:k list:r summary:r get:r update:i suspend:i reactivate:i decommission:i erase:i card:r badge:r`,
  credentials: "create:k list:r rotate:k revoke:i",
  tokens: "issue:r exchangeDelegation:r exchangeWorkload:n introspect:r revoke:i whoAmI:r",
  delegations: "create:k verify:r revoke:i list:r",
  organizations: "create:k list:r get:r update:i delete:i export:r members.set:i members.list:r members.remove:i",
  trustPolicies: "create:k list:r get:r delete:i",
  federation: "trust:k list:r get:r update:i delete:i verifyToken:r",
  audit: "list:r follow:r get:r verify:r acceptGap:k checkpoints:r export:r",
  webhooks: `create:k list:r get:r update:i delete:i rotateSecret:k test:n deliveries:r delivery:r redeliver:n`,
  analytics: "tokensByDay:r activity:r tokensByAgent:r credentialRotations:r calls:r",
  tiers: "list:r status:r upgrade:k",
  billing: "usage:r portal:k",
  domains: "add:k list:r get:r verify:i remove:i",
  resources: "create:k list:r get:r update:i delete:i",
  compliance: "report:r agentCards:r oasfRecords:r a2aCards:r controls:r",
  marketplace: "list:r get:r",
  dids: "document:r rootDocument:r organizationDocument:r serviceDocument:r resolve:r",
  discovery: "jwks:r authorizationServer:r openIdConfiguration:r protectedResource:r",
  keys: "rotate:n",
  scaffold: "generate:r",
  service: "health:r detailedHealth:r metrics:r",
};

/** The class of each call, such as `agents.register`. `setUp` is a function: it makes the first client. */
export const callClasses: ReadonlyMap<string, RetryClass> = new Map([
  ...Object.entries(table).flatMap(([part, methods]) =>
    methods.split(/\s+/).map((method): [string, RetryClass] => {
      const [name, letter = ""] = method.split(":");
      const retry = classes[letter];
      if (!retry) throw new Error(`${part}.${method} has no retry class.`);
      return [`${part}.${name}`, retry];
    }),
  ),
  ["setUp", "never"],
]);

/** A call that is another operation of the document with a part filled in. */
export interface DerivedCall {
  readonly of: string;
  readonly summary: string;
  /** The whole body. */
  readonly body?: Readonly<Record<string, string>>;
  /** A query parameter that the method does not have. */
  readonly query?: Readonly<Record<string, string>>;
}

export const derivedCalls: Readonly<Record<string, DerivedCall>> = {
  "agents.suspend": { of: "agents.update", summary: "Suspend an agent", body: { status: "suspended" } },
  "agents.reactivate": { of: "agents.update", summary: "Reactivate an agent", body: { status: "active" } },
  "compliance.oasfRecords": {
    of: "compliance.agentCards",
    summary: "Read the OASF records of the active agents",
    query: { format: "oasf" },
  },
  "compliance.a2aCards": {
    of: "compliance.agentCards",
    summary: "Read the A2A agent cards of the active agents",
    query: { format: "a2a" },
  },
};

/** The query parameters that a call has a fixed value for, because `derivedCalls` has the others. */
export const fixedQueries: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "compliance.agentCards": { format: "card" },
};

/** Calls that each library writes itself: they authenticate in a way of their own, or are no single request. */
export const handWritten: ReadonlySet<string> = new Set([
  "setUp",
  "tokens.issue",
  "tokens.exchangeDelegation",
  "tokens.exchangeWorkload",
  "tokens.introspect",
  "tokens.revoke",
  "audit.follow",
]);

/** Calls whose error statuses can carry the answer too. */
export const answeringStatuses: Readonly<Record<string, readonly number[]>> = { "service.detailedHealth": [503] };

/** The members of models that are secrets, by model; `*` stands for every model. */
const secretMembers: Readonly<Record<string, readonly string[]>> = {
  "*": [
    "clientSecret",
    "signingSecret",
    "delegationToken",
    "access_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "subject_token",
  ],
  TokenForm: ["token"],
  WorkloadToken: ["token"],
  VerifyPartnerToken: ["token"],
};

export const isSecret = (model: string, member: string): boolean =>
  [...(secretMembers["*"] ?? []), ...(secretMembers[model] ?? [])].includes(member);

/** The names of objects that the document has only within another one: the model and the member that they are of. */
export const nestedNames: Readonly<Record<string, string>> = {
  "AgentActivity.data": "HourlyCount",
  "AgentAnalytics.data": "AgentTokenCount",
  "AgentDidDocument.agntcy": "AgntcyMetadata",
  "BillingUsage.usage": "BilledUsage",
  "CallAnalytics.data": "RouteCount",
  "DetailedHealth.checks": "HealthChecks",
  "DidResolution.didDocumentMetadata": "DidDocumentMetadata",
  "DidResolution.didResolutionMetadata": "DidResolutionMetadata",
  "Introspection.act": "IntrospectedActor",
  "Introspection.cnf": "IntrospectedConfirmation",
  "RotationAnalytics.credentialsByAge": "CredentialAgeBand",
  "TierStatus.limits": "TierLimits",
  "TierStatus.usage": "TierUsage",
};
