/** Whether the DID document of each active agent, and the key in it, are valid. */
import { checkAgentDocuments } from "../../../identity/dids/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import type { Section } from "../schema.ts";
import { countActiveAgents } from "../store.ts";

/** The most agents that one report checks. */
const maxAgents = 10_000;

/** The section, and its numbers. */
export async function agentIdentity(context: Context, organizationId: OrganizationId) {
  const [agentCount, { checked, valid, firstInvalid }] = await Promise.all([
    countActiveAgents(context, organizationId),
    checkAgentDocuments(context, organizationId, maxAgents),
  ]);
  const details = [
    agentCount === 0 ? "There are no active agents." : `${amount(valid, "DID document")} of ${checked} in order.`,
    firstInvalid === null ? "" : `The first that is not: agent ${firstInvalid}. Give it a new key.`,
    checked === maxAgents && agentCount > maxAgents
      ? `Of ${amount(agentCount, "active agent")}, one report checks the ${maxAgents.toLocaleString("en-US")} oldest.`
      : "",
  ];
  const section: Section = {
    name: "agent-identity",
    status: firstInvalid === null ? "pass" : "fail",
    details: details.filter(Boolean).join(" "),
  };
  // An agent that is registered between the two queries is in one result only.
  return { section, agentCount: Math.max(agentCount, valid), verifiedAgentCount: valid };
}
