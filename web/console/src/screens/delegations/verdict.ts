/** The result of a check in words. */
import type { DelegationVerification } from "../../api/schema.ts";

/** Of a token that is a delegation of the organization. `valid` is the service's; the reason is of the facts beside it. */
export function verdictOf({ valid, revokedAt, expiresAt = "" }: DelegationVerification, now: Date) {
  if (valid) return { title: "It is valid", reason: "The agent that it is for gets access tokens with it." };
  if (revokedAt) {
    return {
      title: "It was revoked",
      reason: "It was revoked, or ended by a change of an agent or resource behind it.",
    };
  }
  if (Date.parse(expiresAt) <= now.getTime()) return { title: "It is not valid any more", reason: "It has expired." };
  return {
    title: "It is not valid now",
    reason:
      "It is neither revoked nor expired. An agent of it is not active, or its resource is disabled or does not grant the scopes to the lender.",
  };
}
