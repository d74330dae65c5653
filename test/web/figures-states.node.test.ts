/** Analytics, tier and compliance in each of their states. */
import { idOf } from "./_answers.ts";
import { expectEveryState, newStage } from "./_console.ts";

const stage = newStage();
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

/** The first tab of each screen shows these. */
const refused = ["loading", "error", "forbidden", "overLimit"] as const;

const dates = (count: number, of: (day: number) => number) => ({
  data: Array.from({ length: count }, (_, day) => ({
    date: new Date(Date.UTC(2026, 10, 30) - (count - 1 - day) * 86_400_000).toISOString().slice(0, 10),
    count: of(day),
  })),
});

expectEveryState(stage, {
  path: "/analytics",
  title: "Analytics",
  answers: { "GET /analytics/tokens": dates(30, (day) => (day * 7919) % 5000) },
  empty: { "GET /analytics/tokens": dates(30, () => 0) },
  shows: { empty: "0 tokens in 30 days." },
});

const hours = Array.from({ length: 168 }, (_, at) => ({
  dow: Math.floor(at / 24),
  hour: at % 24,
  count: (at * 997) % 12_345,
}));

expectEveryState(stage, {
  path: "/analytics?tab=activity",
  title: "Analytics",
  without: [...refused],
  answers: { "GET /analytics/agents/activity": { data: hours } },
  empty: { "GET /analytics/agents/activity": { data: [] } },
  shows: { empty: "No tokens and no calls in the last 30 days." },
});

const everyAgent = Array.from({ length: 45 }, (_, at) => ({ agentId: idOf(100 + at), tokenCount: 9000 - at * at }));

expectEveryState(stage, {
  path: "/analytics?tab=agents",
  title: "Analytics",
  without: [...refused],
  answers: {
    "GET /analytics/agents": { month: "2026-11", data: everyAgent },
    "GET /agents/{agentId}": { email: `an-agent-with-a-long-name${"-and-more".repeat(20)}@acme.example` },
  },
  empty: { "GET /analytics/agents": { month: "2026-11", data: [] } },
});

const ages = (counts: readonly number[]) =>
  [0, 31, 61, 91].map((minDays, at) => ({ minDays, maxDays: at === 3 ? null : minDays + 29, count: counts[at] ?? 0 }));

expectEveryState(stage, {
  path: "/analytics?tab=credentials&days=90",
  title: "Analytics",
  without: [...refused],
  answers: {
    "GET /analytics/credentials/rotations": { ...dates(90, (day) => day % 5), credentialsByAge: ages([40, 12, 3, 9]) },
  },
  empty: { "GET /analytics/credentials/rotations": { ...dates(90, () => 0), credentialsByAge: ages([]) } },
});

const routes = Array.from(
  { length: 30 },
  (_, at) => `/api/v1/agents/{agentId}/credentials/part-${at}/{credentialId}/rotate`,
);

expectEveryState(stage, {
  path: "/analytics?tab=calls",
  title: "Analytics",
  without: [...refused],
  answers: {
    "GET /analytics/calls": {
      data: routes.flatMap((route, at) => [
        { route, statusClass: "2xx", count: 90_000 - at * 2500 },
        { route, statusClass: "4xx", count: 5000 },
        { route, statusClass: "5xx", count: at },
      ]),
    },
  },
  empty: { "GET /analytics/calls": { data: [] } },
});

const status = {
  tier: "free",
  limits: { maxAgents: 10, maxCallsPerDay: 1000, maxTokensPerDay: 1000, maxTokensPerMonth: null },
  usage: { agentCount: 10, callsToday: 812, tokensToday: 40, tokensThisMonth: 1400 },
  resetsAt: ago(-3600),
};
const tiers = ["free", "pro", "enterprise"].map((tier, at) => ({
  tier,
  maxAgents: [10, 100, null][at],
  maxCallsPerDay: [1000, 50_000, null][at],
  maxTokensPerDay: [1000, 50_000, null][at],
  requestsPerMinute: [100, 1000, null][at],
  burst: [100, 300, null][at],
  auditRetentionDays: 90,
}));
const subscription = {
  status: "past_due",
  tier: "pro",
  currentPeriodStart: ago(86_400 * 20),
  currentPeriodEnd: ago(-86_400 * 10),
  endsAt: null,
};

expectEveryState(stage, {
  path: "/tier?payment=paid",
  title: "Tier",
  answers: {
    "GET /tiers/status": status,
    "GET /tiers": { tiers },
    "GET /billing/usage": { tier: "free", subscription },
  },
  empty: { "GET /billing/usage": { tier: "free", subscription: null } },
  shows: { filled: "Waiting for Stripe" },
});

const section = (name: string, state: string) => ({
  name,
  status: state,
  details: "12 of 12 active agents have a DID document",
});

expectEveryState(stage, {
  path: "/compliance",
  title: "Compliance",
  answers: {
    "GET /compliance/report": {
      generatedAt: ago(120),
      agntcyConformance: false,
      agentCount: 4890,
      verifiedAgentCount: 4800,
      auditChainIntegrity: true,
      sections: [
        section("agent-identity", "warn"),
        section("audit-trail", "pass"),
        section("credential-hygiene", "fail"),
        section("federation-readiness", "pass"),
      ],
      from_cache: true,
    },
  },
  without: ["empty"],
});

const control = (id: string, state: string) => ({
  id,
  name: "Encryption in Transit",
  status: state,
  lastChecked: state === "unknown" ? null : ago(60),
  evidence: "Issuer is https, HSTS is sent, 12 webhook targets, all https",
});

expectEveryState(stage, {
  path: "/compliance?tab=controls",
  title: "Compliance",
  answers: {
    "GET /compliance/controls": {
      controls: [control("CC6.1", "pass"), control("CC6.7", "fail"), control("CC7.3", "unknown")],
    },
  },
  without: ["empty", ...refused],
});

expectEveryState(stage, {
  path: "/compliance?tab=embed",
  title: "Compliance",
  answers: {},
  without: ["empty", "loading", "error", "forbidden", "overLimit"],
});
