/** The claim of a request with an `Idempotency-Key`, which the rule that runs for it carries in its context. */
import type { AgentId, OrganizationId } from "./ids.ts";

/** Which request: the same key of another agent, or for another route, is another request. */
export interface RequestKey {
  readonly organizationId: OrganizationId;
  readonly agentId: AgentId;
  /** The method and the path. */
  readonly route: string;
  /** SHA-256 of the `Idempotency-Key`. */
  readonly keyHash: string;
}

/** An answer, as it is stored. */
export interface KeptAnswer {
  /** JSON, or encrypted JSON. */
  readonly text: string;
  readonly sealed: boolean;
  /** The agent that the answer describes; null for none. */
  readonly about: AgentId | null;
}

export interface Claim extends RequestKey {
  /** The same for each attempt of the request. */
  readonly id: string;
  /** This attempt. Another one takes the claim over by replacing it in D1. */
  readonly attempt: string;
  /** Whether the answer of the route holds a secret. */
  readonly isSecret: boolean;
  /** Set for the change that decides the answer: both are written in one batch. */
  readonly answer?: KeptAnswer;
  /** `isAnswered` becomes true when the answer is in D1. */
  readonly state: { isAnswered: boolean };
}
