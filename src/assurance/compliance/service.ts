/** Compliance: what an auditor or a registry asks of an organization and its agents. */
export { listAgentCards } from "./agent-cards.ts";
export { issueBadge } from "./badge.ts";
export { readReport } from "./report.ts";
