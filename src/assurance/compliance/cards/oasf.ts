/** Records of the Open Agentic Schema Framework (AGNTCY OASF, https://schema.oasf.outshift.com). Pure. */
import { agentCard } from "../../../identity/dids/service.ts";
import type { agentTypes } from "../../../platform/db/schema.ts";
import type { OasfRecord } from "../schema.ts";
import { type CardAgent, descriptionOf, didDocumentUrl } from "./card-agent.ts";

/** A class of the schema, by its id and its name. */
type SchemaClass = OasfRecord["skills"][number];

/** A record must name skills of the schema: the nearest one for each agent type. The capabilities are in the annotations. */
const skillOf: Readonly<Record<(typeof agentTypes)[number], SchemaClass>> = {
  screener: { id: 1103, name: "evaluation_monitoring/quality_evaluation" },
  classifier: { id: 109, name: "natural_language_processing/text_classification" },
  orchestrator: { id: 1004, name: "agent_orchestration/agent_coordination" },
  extractor: { id: 10301, name: "natural_language_processing/information_retrieval_synthesis/fact_extraction" },
  summarizer: { id: 10202, name: "natural_language_processing/natural_language_generation/summarization" },
  router: { id: 1002, name: "agent_orchestration/role_assignment" },
  monitor: { id: 1105, name: "evaluation_monitoring/performance_monitoring" },
  custom: { id: 1402, name: "tool_interaction/workflow_automation" },
};

/** The agent's record has no domain; process automation is true for every agent. */
const domains: readonly SchemaClass[] = [{ id: 110, name: "technology/process_automation" }];

/** The JSON Schema of a record, version 1.0.0. */
export const oasfRecordSchemaUrl = "https://schema.oasf.outshift.com/schema/1.0.0/objects/record";

/** The OASF record of an agent. Its name is `<host of the issuer>/<agent id>`. */
export function oasfRecord(issuer: string, agent: CardAgent, version: OasfRecord["schema_version"]): OasfRecord {
  const card = agentCard(issuer, agent);
  const { did, name, issuedAt, capabilities, agentType, owner, deploymentEnv, identityProvider } = card;
  const url = didDocumentUrl(issuer, agent);
  return {
    schema_version: version,
    name: `${new URL(issuer).host}/${agent.id}`,
    version: agent.version,
    description: descriptionOf(agent),
    authors: [owner],
    created_at: issuedAt,
    skills: [{ ...skillOf[agentType] }],
    domains: domains.map((domain) => ({ ...domain })),
    locators: [version === "1.0.0" ? { type: "url", urls: [url] } : { type: "unspecified", url }],
    annotations: { did, name, agentType, capabilities: capabilities.join(" "), deploymentEnv, identityProvider },
  };
}
