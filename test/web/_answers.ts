/** The answers that a screen of the console gets in the tests of its states, in place of the service's. */

export const requestId = "0199f0c2-5a31-7c07-9f55-2d8f3c1b0099";

/** An id, the same for the same number. */
export const idOf = (number: number): string => `0199f0c2-5a31-7c07-9f55-2d8f3c1b${String(number).padStart(4, "0")}`;

export const allScopes = [
  "agents:read",
  "agents:write",
  "tokens:read",
  "delegations:write",
  "audit:read",
  "webhooks:read",
  "webhooks:write",
  "admin:orgs",
];

/** The session of an admin of the operator's organization, with all scopes. */
export const session = (fields: Record<string, unknown> = {}) => ({
  sessionId: idOf(9000),
  agent: { agentId: idOf(1), email: "admin@operator.example", grantedScopes: [] },
  organization: { organizationId: idOf(2), name: "Operator", slug: "operator" },
  role: "admin",
  isOperator: true,
  scopes: allScopes,
  csrfToken: "rI1SzKUyzyN9nqTSQgv0qk9PRsGPNdOLQ_vXUJ3qSdw",
  expiresAt: new Date(Date.now() + 7 * 3_600_000).toISOString(),
  ...fields,
});

export interface Refusal {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const refusal = (status: number, code: string, message: string, details?: object): Refusal => ({
  status,
  body: { code, message, hint: "Do what helps.", docs: `https://idp.example.com/errors#${code}`, requestId, details },
});

export const refusals = {
  error: refusal(500, "INTERNAL_SERVER_ERROR", "An unexpected error."),
  forbidden: refusal(403, "FORBIDDEN", "This needs the scope agents:read.", { requiredScope: "agents:read" }),
  overLimit: refusal(403, "FREE_TIER_LIMIT_EXCEEDED", "The organization may use 1000 calls a day.", {
    limit: "maxCallsPerDay",
    max: 1000,
    current: 1000,
    resetsAt: new Date(Date.now() + 5 * 3_600_000).toISOString(),
    upgradeUrl: "https://idp.example.com/api/v1/tiers/upgrade",
  }),
  notFound: refusal(404, "NOT_FOUND", "There is nothing at this path."),
  unauthorized: refusal(401, "UNAUTHORIZED", "There is no session."),
  changed: refusal(412, "PRECONDITION_FAILED", "It has changed meanwhile."),
} as const;

/** A request of the console. */
export interface Asked {
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** The ids in the path, by the names in the template */
  readonly path: Readonly<Record<string, string>>;
}

/**
 * The answers by call: `"GET /agents"`, `"GET /agents/{agentId}"` below the API, `"GET /console/sessions"` beside it. A function gets
 * the request (`Asked`). A value with `status` and `body` is that answer; any other value is the body of a 200.
 */
export type Answers = Readonly<Record<string, unknown>>;

const isRefusal = (value: unknown): value is Refusal =>
  typeof value === "object" &&
  value !== null &&
  "status" in value &&
  typeof value.status === "number" &&
  "body" in value;

const patternOf = (template: string) =>
  new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);

/** The answer to a request; null: none is given. */
export function answerTo(
  answers: Answers,
  method: string,
  url: URL,
  asked: Omit<Asked, "query" | "path">,
): Refusal | null {
  const path = url.pathname.replace(/^\/console\/api\/v1/, "");
  const fitting = Object.keys(answers)
    .filter((call) => call.startsWith(`${method} `))
    .map((call) => ({ call, match: patternOf(call.slice(method.length + 1)).exec(path) }))
    .filter(({ match }) => match !== null)
    // A path that is written out comes before a template that fits it too.
    .sort((a, b) => a.call.split("{").length - b.call.split("{").length);
  const [first] = fitting;
  if (first === undefined) return null;
  const given = answers[first.call];
  const request: Asked = { ...asked, query: url.searchParams, path: first.match?.groups ?? {} };
  const value: unknown = typeof given === "function" ? given(request) : given;
  return isRefusal(value) ? value : { status: 200, body: value as Refusal["body"] };
}
