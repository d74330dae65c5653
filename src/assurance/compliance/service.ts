/** Compliance: reports, agent cards and badges for auditors and registries. */
export { listAgentCards } from "./agent-cards.ts";
export { issueBadge } from "./badge.ts";
export { readReport } from "./report.ts";
