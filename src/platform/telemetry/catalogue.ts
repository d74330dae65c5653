/** Every metric: name, meaning, and the closed set of values of each label, so that no request can add a series. */
import { quotaNames } from "../limits.ts";

/** Every other method is `other`. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"] as const;

/** The grants of the token endpoint; every other `grant_type` is `unsupported`. */
const grantLabels = ["client_credentials", "jwt_bearer", "token_exchange", "unsupported"] as const;

/** `issued`, `rate_limited` for an answer 429, or the error code of the answer (RFC 6749 5.2 and its extensions). */
export const tokenOutcomes = [
  "issued",
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "invalid_scope",
  "invalid_target",
  "invalid_dpop_proof",
  "unsupported_grant_type",
  "access_denied",
  "rate_limited",
  "temporarily_unavailable",
  "server_error",
] as const;

/** The limits of an organization, as in `details.limit`, and the throttles. */
const limits = [
  "requestsPerMinute",
  ...quotaNames,
  "maxAgents",
  "failedSignIns",
  "auditVerifications",
  "scaffoldsPerMinute",
] as const;

/** The languages of the starter projects. */
export const scaffoldLanguages = ["typescript", "python", "go", "java", "rust"] as const;

/** The libraries by their languages, the project's own programs, and every other client. */
export const clientLabels = [
  "rust",
  "typescript",
  "python",
  "go",
  "java",
  "cli",
  "action",
  "console",
  "other",
] as const;
export type ClientLabel = (typeof clientLabels)[number];

/** The parts of the scheduled run. */
export const scheduledParts = [
  "relay",
  "signing_keys",
  "deliveries",
  "checkpoints",
  "retention",
  "activity",
  "domain_checks",
  "stale_domains",
  "expiring_credentials",
  "removal",
  "console_sessions",
  "outbox",
  "idempotent_requests",
  "controls",
] as const;
export type PartName = (typeof scheduledParts)[number];

/** A label whose values are not a list: the templates of the routes, and the status codes of their answers. */
const byRoutes = "routes";

type Labels = Readonly<Record<string, readonly string[] | typeof byRoutes>>;

interface Definition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** In the order in which they are written. */
  readonly labels: Labels;
  /** Upper bounds of a histogram's buckets, rising, without `+Inf`. */
  readonly buckets?: readonly number[];
  /** A gauge over many subjects: the value of a subject without a fault. The page has the lowest value of all subjects. */
  readonly calm?: number;
  /** A gauge of an age: its values are times in seconds since the epoch, and the page has the seconds since the lowest. */
  readonly isAge?: true;
}

const counter = <const L extends Labels>(help: string, labels: L) => ({ type: "counter", help, labels }) as const;
const gauge = <const L extends Labels = Record<never, never>>(help: string, labels = {} as L) =>
  ({ type: "gauge", help, labels }) as const;
const histogram = <const L extends Labels>(help: string, labels: L, buckets: readonly number[]) =>
  ({ type: "histogram", help, labels, buckets }) as const;

/** Seconds: from an answer out of memory to the time limits of the dependencies. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The time of the oldest pending event of a ledger that has none: later than every time. */
export const nothingPending = Number.MAX_SAFE_INTEGER;

export const metrics = {
  agentidp_tokens_issued_total: counter("Token requests by grant and outcome.", {
    grant: grantLabels,
    outcome: tokenOutcomes,
  }),
  agentidp_http_requests_total: counter("Answered requests by method, route template and status.", {
    method: methods,
    route: byRoutes,
    status: byRoutes,
  }),
  agentidp_http_request_duration_seconds: histogram(
    "Time from the arrival of a request to its answer, by route template.",
    { route: byRoutes },
    durationBuckets,
  ),
  agentidp_client_requests_total: counter("Answered requests by the client that they name.", { client: clientLabels }),
  agentidp_rate_limit_rejections_total: counter("Requests refused because a limit was reached.", { limit: limits }),
  agentidp_idempotent_requests_total: counter("Requests with an Idempotency-Key, by what they got.", {
    outcome: ["first", "replayed", "reused", "in_progress"],
  }),
  agentidp_console_sessions_total: counter("Sessions of the console, by what happened.", {
    outcome: ["started", "refused", "expired", "ended"],
  }),
  agentidp_web_pages_total: counter("Pages for browsers, sent whole or confirmed as unchanged.", {
    area: ["portal", "console", "reference"],
  }),
  agentidp_delegations_total: counter("Actions on delegations.", {
    action: ["created", "verified", "exchanged", "revoked"],
  }),
  agentidp_delegation_chain_depth: histogram("Depth of the delegation chain, at each delegation.", {}, [1, 2, 3, 5]),
  agentidp_analytics_query_duration_seconds: histogram("Duration of an analytics query.", {}, durationBuckets),
  agentidp_scaffolds_generated_total: counter("Generated starter projects by language.", {
    language: scaffoldLanguages,
  }),
  agentidp_webhook_deliveries_total: counter(
    "Attempts to deliver a webhook: delivered, failed with another attempt to come, or given up.",
    { outcome: ["delivered", "failed", "dead_letter"] },
  ),
  agentidp_audit_chain_integrity: {
    ...gauge("0 while the latest verification of an organization's audit chain has found it broken, otherwise 1."),
    calm: 1,
  },
  agentidp_ledger_oldest_pending_event_seconds: {
    ...gauge(
      "Age of the oldest audit event that a ledger could not move to the database for over a minute; 0 without one.",
    ),
    calm: nothingPending,
    isAge: true,
  },
  agentidp_credentials_expiring_soon: gauge("Unrevoked credentials that expire within 7 days."),
  agentidp_outbox_events_waiting: gauge("Events that the relay has not delivered yet, at the last scheduled run."),
  agentidp_scheduled_items_waiting: gauge("Items that the last scheduled run left for later, by its part.", {
    part: scheduledParts,
  }),
  agentidp_cron_last_success_timestamp_seconds: gauge(
    "When the scheduled run last succeeded in all its parts, in seconds since the epoch.",
  ),
  agentidp_metrics_last_push_timestamp_seconds: gauge(
    "When an instance last pushed its counts, in seconds since the epoch: the age of this page.",
  ),
} as const satisfies Record<string, Definition>;

export type MetricName = keyof typeof metrics;

type OfType<Type extends Definition["type"]> = {
  [Name in MetricName]: (typeof metrics)[Name]["type"] extends Type ? Name : never;
}[MetricName];

export type CounterName = OfType<"counter">;
export type GaugeName = OfType<"gauge">;
export type HistogramName = OfType<"histogram">;

type ValueOf<Set> = Set extends readonly (infer Value)[] ? Value : string;

/** A value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in keyof (typeof metrics)[Name]["labels"]]: ValueOf<(typeof metrics)[Name]["labels"][Label]>;
};

/** The definition of a metric, without its exact type. */
export const definitionOf = (name: MetricName): Definition => metrics[name];

/** Whether this version of the service has the metric. Another version may have counted others. */
export const isMetric = (name: string): name is MetricName => Object.hasOwn(metrics, name);
