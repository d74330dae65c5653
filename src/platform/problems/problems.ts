/** The one registry of errors: wire code, status, and what the reference page says come from here. */
import type { z } from "@hono/zod-openapi";

interface Entry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 429 | 500 | 503;
  /** What happened, for the reference page. */
  readonly meaning: string;
  /** What the caller can do about it, for the reference page. */
  readonly remedy: string;
}

export const problemRegistry = {
  VALIDATION_ERROR: {
    status: 400,
    meaning: "The request is malformed, or a field breaks its rule.",
    remedy:
      "`details.issues` names each field, the rule, and what was received. Mend the request; the same one will fail again.",
  },
  TIER_UPGRADE_NOT_REQUIRED: {
    status: 400,
    meaning: "The organization has this tier, or a higher one.",
    remedy: "See the present tier at `GET /api/v1/tiers/status`. There is nothing to pay for.",
  },
  UNAUTHORIZED: {
    status: 401,
    meaning: "No credentials, or credentials that are not accepted: wrong, expired, revoked, for another audience.",
    remedy:
      "Get a new token from `POST /api/v1/token`. If that is refused too, the agent, its credential or its organization is not active.",
  },
  FORBIDDEN: {
    status: 403,
    meaning: "The caller is known but may not do this.",
    remedy:
      "If `details.requiredScope` is there, ask for a token with that scope. Otherwise the role of the caller does not allow it.",
  },
  FREE_TIER_LIMIT_EXCEEDED: {
    status: 403,
    meaning: "A limit of the organization's tier is reached (any tier's, not only the free one's).",
    remedy: "`details` says which limit, how much of it is used, and when it resets. Free capacity, wait, or upgrade.",
  },
  NOT_FOUND: { status: 404, meaning: "There is nothing at this path.", remedy: "Look the path up in `/openapi.json`." },
  ORGANIZATION_NOT_FOUND: {
    status: 404,
    meaning: "No organization has this id, or it is not yours to see.",
    remedy: "Check the id.",
  },
  AGENT_NOT_FOUND: { status: 404, meaning: "No agent has this id in your organization.", remedy: "Check the id." },
  CREDENTIAL_NOT_FOUND: { status: 404, meaning: "This agent has no credential with this id.", remedy: "Check the id." },
  AUDIT_EVENT_NOT_FOUND: {
    status: 404,
    meaning: "Your organization's audit log has no event with this id.",
    remedy: "Check the id.",
  },
  DOMAIN_NOT_FOUND: {
    status: 404,
    meaning: "The organization has no such domain.",
    remedy: "Check the name, or add it with `POST /organizations/{orgId}/domains`.",
  },
  RESOURCE_NOT_FOUND: {
    status: 404,
    meaning: "No resource has this id in your organization.",
    remedy: "Check the id.",
  },
  DELEGATION_NOT_FOUND: {
    status: 404,
    meaning: "There is no delegation with this id that is yours to see or to revoke.",
    remedy: "Check the id.",
  },
  TRUST_POLICY_NOT_FOUND: {
    status: 404,
    meaning: "Your organization has no trust policy with this id.",
    remedy: "Check the id.",
  },
  PARTNER_NOT_FOUND: {
    status: 404,
    meaning: "Your organization has no federation partner with this id.",
    remedy: "Check the id.",
  },
  WEBHOOK_NOT_FOUND: {
    status: 404,
    meaning: "Your organization has no webhook subscription with this id.",
    remedy: "Check the id.",
  },
  DELIVERY_NOT_FOUND: {
    status: 404,
    meaning: "This webhook subscription has no delivery with this id.",
    remedy: "Check the id. Finished deliveries are kept for 30 days.",
  },
  COMPLIANCE_DISABLED: {
    status: 404,
    meaning: "This service does not make compliance reports and agent cards.",
    remedy: "Ask the operator: the setting `COMPLIANCE_ENABLED` is `false`.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    meaning: "The path exists, but not with this method.",
    remedy: "The `Allow` header names the methods.",
  },
  AGENT_ALREADY_EXISTS: {
    status: 409,
    meaning: "Another agent of the organization has this e-mail.",
    remedy: "Choose another e-mail, or use the agent that is there.",
  },
  AGENT_ALREADY_DECOMMISSIONED: {
    status: 409,
    meaning: "The agent is decommissioned, which is final.",
    remedy: "Register a new agent.",
  },
  CREDENTIAL_ALREADY_REVOKED: {
    status: 409,
    meaning: "The credential is revoked, which is final.",
    remedy: "Create a new credential.",
  },
  SLUG_TAKEN: { status: 409, meaning: "Another organization has this slug.", remedy: "Choose another slug." },
  DOMAIN_NOT_VERIFIED: {
    status: 409,
    meaning: "The TXT record that proves the domain was not found.",
    remedy:
      "Publish `details.expected` as the whole value of a TXT record at the name of the challenge. `details.found` has what is there; an alias (`details.alias`) does not count. Then verify again.",
  },
  DOMAIN_TAKEN: {
    status: 409,
    meaning: "Another organization holds this domain.",
    remedy:
      "Who owns the zone removes the other organization's TXT record. Verify then, and once more an hour later (`details.verifiableAt`).",
  },
  DOMAIN_IN_USE: {
    status: 409,
    meaning: "Active resources rest on this domain, or on one above it that another organization holds.",
    remedy: "Delete or disable the resources at or below the domain first.",
  },
  RESOURCE_ALREADY_EXISTS: {
    status: 409,
    meaning: "A resource with this identifier exists, or another organization had one until a day ago.",
    remedy: "Choose another identifier. With `Retry-After` the identifier can be registered after so many seconds.",
  },
  ALREADY_SET_UP: {
    status: 409,
    meaning: "The service has been set up before; that can be done once.",
    remedy: "Use the admin agent that the first set-up made.",
  },
  AGENT_DECOMMISSIONED: {
    status: 410,
    meaning: "The agent is decommissioned, or its organization deleted; its DID is deactivated for good.",
    remedy: "Trust nothing new from this agent.",
  },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: "The body is larger than 256 KiB.", remedy: "Send less at once." },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    meaning: "The `Content-Type` is not one that this path takes.",
    remedy: "Send `application/json`, or `application/x-www-form-urlencoded` to the OAuth endpoints.",
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    meaning: "Too many requests in a short time.",
    remedy: "Wait for the seconds that `Retry-After` names.",
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    meaning: "A bug of ours.",
    remedy: "Report the `requestId`.",
  },
  BILLING_NOT_CONFIGURED: {
    status: 503,
    meaning: "This service has no Stripe account to bill with.",
    remedy: "Ask the operator: tiers can be changed without Stripe, or the `STRIPE_…` settings are missing.",
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    meaning:
      "Something that the service depends on does not answer. Nothing was lost; the change may or may not have been made.",
    remedy: "Try again after `Retry-After` seconds.",
  },
} as const satisfies Record<string, Entry>;

export type ProblemCode = keyof typeof problemRegistry;

/** One field that broke its rule. `received` is left out for secrets and for absent fields. */
export interface FieldIssue {
  readonly path: string;
  readonly message: string;
  readonly received?: unknown;
}

/** Error codes of RFC 6749 5.2, RFC 6750 3.1 and RFC 8707 2 that the OAuth endpoints answer with. */
export type OAuthError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_token"
  | "invalid_dpop_proof"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "unsupported_token_type"
  | "insufficient_scope"
  | "access_denied"
  | "temporarily_unavailable"
  | "server_error";

/** An expected failure. A rule returns it, a route turns it into an answer. */
export interface Problem {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the caller can do next. */
  readonly hint?: string;
  /** Set by OAuth rules; the wire object then carries `error` and `error_description` (RFC 6749 5.2). */
  readonly oauthError?: OAuthError;
}

/** What may be added to a problem beside its code and message. */
export type ProblemExtras = Partial<Pick<Problem, "details" | "headers" | "hint" | "oauthError">>;

/**
 * Makes a problem. The message is for the person who reads the answer: no secret, nothing of another organization.
 *
 * @example
 * ```ts
 * return problem("AGENT_NOT_FOUND");
 * return problem("FORBIDDEN", "Only an admin may do this.", { details: { requiredRole: "admin" } });
 * ```
 */
export function problem(code: ProblemCode, message?: string, extras: ProblemExtras = {}): Problem {
  return { ok: false, code, message: message ?? problemRegistry[code].meaning, ...extras };
}

/** A `VALIDATION_ERROR` over the given fields. */
export function invalid(issues: readonly FieldIssue[], extras: ProblemExtras = {}): Problem {
  const [first] = issues;
  const message = first ? `${first.path || "request"}: ${first.message}` : problemRegistry.VALIDATION_ERROR.meaning;
  return problem("VALIDATION_ERROR", message, { ...extras, details: { ...extras.details, issues } });
}

/** Field names whose values are never echoed: secrets, tokens, and keys, of which a caller may have sent the private part. */
const secretField = /secret|token|assertion|password|authorization|private|jwk|key/i;

/** How much of a wrong request its answer repeats at most: issues, characters of a path, characters of a value. */
const maxIssues = 50;
const maxPathLength = 200;
const maxReceivedLength = 200;

const dotted = (path: readonly PropertyKey[]) => path.map(String).join(".").slice(0, maxPathLength);

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (value, key) =>
      value !== null && typeof value === "object" && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
    input,
  );
}

function isTelling(received: unknown): boolean {
  return (
    (received === null || !["undefined", "object"].includes(typeof received)) &&
    String(received).length <= maxReceivedLength
  );
}

/** The issues of a zod error, with what was received where that is no secret and short enough to help. */
export function issuesOf(error: z.core.$ZodError, input: unknown): FieldIssue[] {
  const issues = error.issues.flatMap((issue): FieldIssue[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: dotted([...issue.path, key]), message: "is not a known field" }));
    }
    const received = valueAt(input, issue.path);
    const echoed = isTelling(received) && !issue.path.some((key) => secretField.test(String(key)));
    return [{ path: dotted(issue.path), message: issue.message, ...(echoed ? { received } : {}) }];
  });
  return issues.slice(0, maxIssues);
}
