/** The texts that replace those of an erased agent. */
import type { AgentId } from "../../platform/ids.ts";

/** What an erased agent has in place of its own texts. */
export interface Erased {
  readonly email: string;
  readonly owner: string;
}

/**
 * The replacements for one agent. The e-mail is unique. RFC 2606 2 reserves `.invalid`, and no agent can be registered with this
 * address, because its domain has no dot.
 */
export const erasedTexts = (agentId: AgentId): Erased => ({ email: `erased+${agentId}@invalid`, owner: "erased" });
