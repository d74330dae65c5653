/** The fields of an agent that cards of all formats use. */
import type { agents } from "../../../platform/db/schema.ts";

export type CardAgent = Pick<
  typeof agents.$inferSelect,
  "id" | "email" | "agentType" | "capabilities" | "owner" | "version" | "deploymentEnv" | "description" | "createdAt"
>;

/** The agent's description, or one made of its record: other formats require one. */
export function descriptionOf({ description, agentType, owner }: CardAgent): string {
  return description || `An agent of type ${agentType}. Its owner is ${owner}.`;
}

/** The URL of the agent's DID document. */
export function didDocumentUrl(issuer: string, { id }: CardAgent): string {
  return `${issuer}/agents/${id}/did.json`;
}
