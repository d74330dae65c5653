/** Whether each active agent has an identity that others can check: its DID document, and the key in it. */
import { checkAgentDocuments } from "../../../identity/dids/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import type { Section } from "../schema.ts";
import { countActiveAgents } from "../store.ts";

/** What one report looks at, however many agents there are. */
const maxAgents = 10_000;

/** The section, and the numbers in it. */
export async function agentIdentity(context: Context, organizationId: OrganizationId) {
  const [agentCount, { checked, sound, firstUnsound }] = await Promise.all([
    countActiveAgents(context, organizationId),
    checkAgentDocuments(context, organizationId, maxAgents),
  ]);
  const details = [
    agentCount === 0 ? "There are no active agents." : `${amount(sound, "DID document")} of ${checked} in order.`,
    firstUnsound === null ? "" : `The first that is not: agent ${firstUnsound}. Give it a new key.`,
    checked === maxAgents && agentCount > maxAgents
      ? `Of ${amount(agentCount, "active agent")}, one report checks the ${maxAgents.toLocaleString("en-US")} oldest.`
      : "",
  ];
  const section: Section = {
    name: "agent-identity",
    status: firstUnsound === null ? "pass" : "fail",
    details: details.filter(Boolean).join(" "),
  };
  // An agent that was registered between the two questions is in one answer and not in the other.
  return { section, agentCount: Math.max(agentCount, sound), verifiedAgentCount: sound };
}
