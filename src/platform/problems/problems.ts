/** The registry of errors: wire code, status, and the text of the reference page. */
import { bytesOf, longestDetails, longestValue } from "./bounds.ts";

interface Entry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 410 | 412 | 413 | 415 | 429 | 500 | 503;
  /** The default message. */
  readonly meaning: string;
  /** What the caller can do, for the reference page. */
  readonly remedy: string;
}

/** The error of an id that does not exist, or that belongs to another organization. */
const unknownId = (meaning: string) => ({ status: 404, meaning, remedy: "Check the id." }) as const;

export const problemRegistry = {
  VALIDATION_ERROR: {
    status: 400,
    meaning: "The request is malformed, or a field breaks its rule.",
    remedy:
      "Correct what the message names. Where `details.issues` is present, each field in it has its rule and the received value. Do not repeat the same request.",
  },
  TIER_UPGRADE_NOT_REQUIRED: {
    status: 400,
    meaning: "The organization has this tier, or a higher one.",
    remedy: "Nothing has to be paid. `GET /api/v1/tiers/status` has the present tier.",
  },
  UNAUTHORIZED: {
    status: 401,
    meaning: "The credentials are missing, or they are not accepted: wrong, expired, revoked, or for another audience.",
    remedy:
      "Get a new token from `POST /api/v1/token`. If that is refused too, the agent, its credential or its organization is not active.",
  },
  FORBIDDEN: {
    status: 403,
    meaning: "The caller is authenticated but may not do this.",
    remedy:
      "If `details.requiredScope` is present, request a token with that scope. Otherwise the role of the caller does not allow it.",
  },
  FREE_TIER_LIMIT_EXCEEDED: {
    status: 403,
    meaning: "A limit of the organization's tier is reached (any tier's, not only the free one's).",
    remedy: "`details` has the limit, its use, and when it resets. Free capacity, wait, or upgrade.",
  },
  NOT_FOUND: { status: 404, meaning: "There is nothing at this path.", remedy: "See the paths in `/openapi.json`." },
  ORGANIZATION_NOT_FOUND: unknownId("No organization has this id, or it is not yours to see."),
  AGENT_NOT_FOUND: unknownId("No agent has this id in your organization."),
  CREDENTIAL_NOT_FOUND: unknownId("This agent has no credential with this id."),
  AUDIT_EVENT_NOT_FOUND: unknownId("Your organization's audit log has no event with this id."),
  DOMAIN_NOT_FOUND: {
    status: 404,
    meaning: "The organization has no such domain.",
    remedy: "Check the name, or add it with `POST /organizations/{orgId}/domains`.",
  },
  RESOURCE_NOT_FOUND: unknownId("No resource has this id in your organization."),
  DELEGATION_NOT_FOUND: unknownId("There is no delegation with this id that is yours to see or to revoke."),
  TRUST_POLICY_NOT_FOUND: unknownId("Your organization has no trust policy with this id."),
  PARTNER_NOT_FOUND: unknownId("Your organization has no federation partner with this id."),
  WEBHOOK_NOT_FOUND: unknownId("Your organization has no webhook subscription with this id."),
  DELIVERY_NOT_FOUND: {
    status: 404,
    meaning: "This webhook subscription has no delivery with this id.",
    remedy: "Check the id. Finished deliveries are kept for 30 days.",
  },
  SESSION_NOT_FOUND: unknownId("Your agent has no session of the console with this id."),
  COMPLIANCE_DISABLED: {
    status: 404,
    meaning: "This service does not make compliance reports and agent cards.",
    remedy: "The operator can set `COMPLIANCE_ENABLED` to `true`.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    meaning: "The path exists, but not with this method.",
    remedy: "Use one of the methods in the `Allow` header.",
  },
  AGENT_ALREADY_EXISTS: {
    status: 409,
    meaning: "Another agent of the organization has this e-mail.",
    remedy: "Choose another e-mail, or use the existing agent.",
  },
  AGENT_ALREADY_DECOMMISSIONED: {
    status: 409,
    meaning: "The agent is decommissioned, which is final.",
    remedy: "Register a new agent.",
  },
  AGENT_NOT_DECOMMISSIONED: {
    status: 409,
    meaning: "The agent is not decommissioned. Only what is left of a decommissioned agent can be erased.",
    remedy: "Decommission the agent with `DELETE /api/v1/agents/{agentId}` first. That is final.",
  },
  CREDENTIAL_ALREADY_REVOKED: {
    status: 409,
    meaning: "The credential is revoked, which is final.",
    remedy: "Create a new credential.",
  },
  CREDENTIAL_LIMIT_EXCEEDED: {
    status: 409,
    meaning: "The agent has the most active credentials that an agent can have.",
    remedy: "Revoke a credential of the agent that is not needed any more; `lastUsedAt` in the list helps to find it.",
  },
  SLUG_TAKEN: { status: 409, meaning: "Another organization has this slug.", remedy: "Choose another slug." },
  DOMAIN_NOT_VERIFIED: {
    status: 409,
    meaning: "The TXT record that proves the domain was not found.",
    remedy:
      "Publish `details.expected` as the whole value of a TXT record at the name of the challenge, and verify again. `details.found` has the present values; an alias (`details.alias`) does not count.",
  },
  DOMAIN_TAKEN: {
    status: 409,
    meaning: "Another organization holds this domain.",
    remedy:
      "The owner of the zone must remove the other organization's TXT record. Then verify, and verify again an hour later (`details.verifiableAt`).",
  },
  DOMAIN_IN_USE: {
    status: 409,
    meaning: "Active resources depend on this domain, or on one above it that another organization holds.",
    remedy: "Delete or disable the resources at or below the domain first.",
  },
  RESOURCE_ALREADY_EXISTS: {
    status: 409,
    meaning: "A resource with this identifier exists, or another organization had one until a day ago.",
    remedy: "Choose another identifier. If the answer has `Retry-After`, the identifier is free after so many seconds.",
  },
  NO_CUSTOMER: {
    status: 409,
    meaning: "Stripe has no customer for the organization: it has never paid, or the customer was deleted.",
    remedy: "Upgrade first: `POST /api/v1/tiers/upgrade`.",
  },
  AUDIT_GAP_MISMATCH: {
    status: 409,
    meaning: "The audit log does not have this gap as the first one that is not accepted.",
    remedy:
      "`details.missing` has the missing events: name exactly these, after you know why they are missing. If `details.brokenAtEventId` is present, events were changed, and no gap can be accepted.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 409,
    meaning: "The `Idempotency-Key` belongs to an earlier request, whose answer is not the answer to this one.",
    remedy:
      "For another request, send another key. If the body is the same, the answer was removed: one with a secret after ten minutes or when its agent was decommissioned, any other when its agent was erased. Look whether the change was made before you send it with a new key.",
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    meaning: "The first request with this `Idempotency-Key` is still running.",
    remedy: "Send the same request again after `Retry-After` seconds. It then gets the first answer.",
  },
  ALREADY_SET_UP: {
    status: 409,
    meaning: "The service has been set up before; that can be done once.",
    remedy: "Use the admin agent of the first set-up. Without a way to sign in: send `recoverAgentId` alone.",
  },
  AGENT_DECOMMISSIONED: {
    status: 410,
    meaning: "The agent is decommissioned, or its organization deleted. Its DID is deactivated permanently.",
    remedy: "Accept nothing new from this agent.",
  },
  AUDIT_EVENTS_REMOVED: {
    status: 410,
    meaning: "Events after this position were removed from the audit log, because their retention has ended.",
    remedy:
      "Follow from `details.firstSequence`, the first event that is kept: `afterSequence` one lower, or 0. The events between are in exports that were made in time, and nowhere else.",
  },
  PRECONDITION_FAILED: {
    status: 412,
    meaning: "The record is not as `If-Match` or `If-None-Match` requires it. Nothing was changed.",
    remedy: "Read the record again, make the change on what it is now, and send its new `ETag`.",
  },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: "The body is larger than 256 KiB.", remedy: "Send a smaller body." },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    meaning: "This path does not accept this `Content-Type`.",
    remedy: "Send `application/json`, or `application/x-www-form-urlencoded` to the OAuth endpoints.",
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    meaning: "Too many requests in a short time.",
    remedy: "Wait for the seconds in `Retry-After`.",
  },
  INTERNAL_SERVER_ERROR: { status: 500, meaning: "The service has a bug.", remedy: "Report the `requestId`." },
  BILLING_NOT_CONFIGURED: {
    status: 503,
    meaning: "This service has no Stripe account.",
    remedy: "The operator can change a tier without Stripe, or add the missing `STRIPE_…` settings.",
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    meaning: "A dependency of the service does not answer. No data is lost; the change may or may not have been made.",
    remedy: "Try again after `Retry-After` seconds.",
  },
} as const satisfies Record<string, Entry>;

export type ProblemCode = keyof typeof problemRegistry;

/** A field that broke its rule. `received` is left out for secrets and for absent fields. */
export interface FieldIssue {
  readonly path: string;
  readonly message: string;
  readonly received?: unknown;
}

/** The error codes of the OAuth endpoints (RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 8707 2). */
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
  | "unsupported_response_type"
  | "unsupported_token_type"
  | "insufficient_scope"
  | "access_denied"
  | "temporarily_unavailable"
  | "server_error";

/** An expected failure. A service returns it; a route answers with it. */
export interface Problem {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the caller can do next. */
  readonly hint?: string;
  /** Set by the OAuth endpoints; the body then has `error` and `error_description` (RFC 6749 5.2). */
  readonly oauthError?: OAuthError;
}

export type ProblemExtras = Partial<Pick<Problem, "details" | "headers" | "hint" | "oauthError">>;

/** Makes a problem. The message must not hold a secret or data of another organization. By default it is the code's meaning. */
export function problem(code: ProblemCode, message?: string, extras: ProblemExtras = {}): Problem {
  return { ok: false, code, message: message ?? problemRegistry[code].meaning, ...extras };
}

/** The message of an issue with a parameter that was not sent. */
export const missing = "is missing";

const sentenceOf = ({ path, message }: FieldIssue): string =>
  message === missing ? `${path} ${missing}.` : `${path || "request"}: ${message}`;

/** The first issues, as many as an answer may repeat of a wrong request, with their values cut. */
function fewOf(issues: readonly FieldIssue[]): readonly FieldIssue[] {
  let left = longestDetails;
  const cut = issues.map(({ received, ...issue }): FieldIssue => {
    if (received === undefined) return issue;
    return {
      ...issue,
      received: typeof received === "string" ? received.slice(0, longestValue).toWellFormed() : received,
    };
  });
  const end = cut.findIndex((issue) => {
    left -= bytesOf(issue) + 1;
    return left < 0;
  });
  return end < 0 ? cut : cut.slice(0, Math.max(1, end));
}

/** A `VALIDATION_ERROR` for the given fields. */
export function invalid(issues: readonly FieldIssue[], extras: ProblemExtras = {}): Problem {
  const [first] = issues;
  const message = first ? sentenceOf(first) : problemRegistry.VALIDATION_ERROR.meaning;
  return problem("VALIDATION_ERROR", message, { ...extras, details: { ...extras.details, issues: fewOf(issues) } });
}
