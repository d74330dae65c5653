/**
 * Every metric of the service: name, meaning, and the closed set of values that each label may have. What is not here is not
 * counted, so no request can add a label value.
 */
import { quotaNames } from "../limits.ts";

/** The methods that are told apart; every other one is `other`. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"] as const;

/** The grants of the token endpoint; every other `grant_type` is `unsupported`. */
const grantLabels = ["client_credentials", "jwt_bearer", "token_exchange", "unsupported"] as const;

/** `issued`, or the error code of RFC 6749 5.2 and its extensions that the client was told. */
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
  "temporarily_unavailable",
  "server_error",
] as const;

/** The limits of an organization by their names in `details.limit`, and the throttles. */
const limits = ["requestsPerMinute", ...quotaNames, "maxAgents", "failedSignIns", "auditVerifications"] as const;

const delegationActions = ["created", "verified", "exchanged", "revoked"] as const;
const deliveryOutcomes = ["delivered", "failed", "dead_letter"] as const;
const scaffoldLanguages = ["typescript", "python", "go", "java", "rust"] as const;

/** Where a label's set is not a list: the templates of the routes that are there, and the status codes that they answer with. */
const byRoutes = "routes";

type LabelSet = readonly string[] | typeof byRoutes;

interface Definition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** In the order in which they are written. */
  readonly labels: Readonly<Record<string, LabelSet>>;
  /** Upper bounds of a histogram's buckets, rising; `+Inf` is always there. */
  readonly buckets?: readonly number[];
  /** A gauge over many subjects: what each has while nothing is wrong with it. The lowest value of all is shown. */
  readonly calm?: number;
}

/** Seconds. From what memory answers to the time-outs of the dependencies. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export const metrics = {
  agentidp_tokens_issued_total: {
    type: "counter",
    help: "Token requests by grant and outcome.",
    labels: { grant: grantLabels, outcome: tokenOutcomes },
  },
  agentidp_http_requests_total: {
    type: "counter",
    help: "Answered requests by method, route template and status.",
    labels: { method: methods, route: byRoutes, status: byRoutes },
  },
  agentidp_http_request_duration_seconds: {
    type: "histogram",
    help: "Time from the arrival of a request to its answer, by route template.",
    labels: { route: byRoutes },
    buckets: durationBuckets,
  },
  agentidp_rate_limit_rejections_total: {
    type: "counter",
    help: "Requests refused because a limit was reached.",
    labels: { limit: limits },
  },
  agentidp_delegations_total: {
    type: "counter",
    help: "What was done with delegations.",
    labels: { action: delegationActions },
  },
  agentidp_delegation_chain_depth: {
    type: "histogram",
    help: "How many agents deep authority is lent, at each delegation.",
    labels: {},
    buckets: [1, 2, 3, 5],
  },
  agentidp_analytics_query_duration_seconds: {
    type: "histogram",
    help: "Time that an analytics query took.",
    labels: {},
    buckets: durationBuckets,
  },
  agentidp_scaffolds_generated_total: {
    type: "counter",
    help: "Generated starter projects by language.",
    labels: { language: scaffoldLanguages },
  },
  agentidp_webhook_deliveries_total: {
    type: "counter",
    help: "Attempts to deliver a webhook: delivered, failed with another attempt to come, or given up.",
    labels: { outcome: deliveryOutcomes },
  },
  agentidp_audit_chain_integrity: {
    type: "gauge",
    help: "0 while the latest verification of some organization's audit chain has found it broken, otherwise 1.",
    labels: {},
    calm: 1,
  },
  agentidp_credentials_expiring_soon: {
    type: "gauge",
    help: "Unrevoked credentials that expire within 7 days.",
    labels: {},
  },
  agentidp_outbox_events_waiting: {
    type: "gauge",
    help: "Events that the relay has not handed on yet, as the scheduled run saw it.",
    labels: {},
  },
  agentidp_cron_last_success_timestamp_seconds: {
    type: "gauge",
    help: "When the scheduled run last did everything that it has to do, in seconds since the epoch.",
    labels: {},
  },
  agentidp_metrics_last_push_timestamp_seconds: {
    type: "gauge",
    help: "When an instance last handed in what it had counted, in seconds since the epoch: how fresh this page is.",
    labels: {},
  },
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

/** Whether a name is one of ours; another version of the service may have counted what this one does not know. */
export const isMetric = (name: string): name is MetricName => Object.hasOwn(metrics, name);
