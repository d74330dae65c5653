/** An agent as its cards show it. */
import type { agents } from "../../../platform/db/schema.ts";

/** What every format of a card is made of. */
export type ShownAgent = Pick<
  typeof agents.$inferSelect,
  "id" | "email" | "agentType" | "capabilities" | "owner" | "version" | "deploymentEnv" | "description" | "createdAt"
>;

/** What it says of itself, or, since other formats cannot be without it, what its record says. */
export function descriptionOf({ description, agentType, owner }: ShownAgent): string {
  return description || `An agent of type ${agentType}. Its owner is ${owner}.`;
}

/** Where the agent's DID resolves: its keys, and whether it is active. */
export function didDocumentUrl(issuer: string, { id }: ShownAgent): string {
  return `${issuer}/agents/${id}/did.json`;
}
