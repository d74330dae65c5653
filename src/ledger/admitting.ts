/** Decides on API calls with an access token, or with a session of the console. */
import { platformScopesOf } from "../access/scopes.ts";
import { activeSubject } from "./active.ts";
import type { AdmitOutcome, ProofOfPossession, TokenFacts } from "./contract.ts";
import { useProof } from "./issuing.ts";
import { charge } from "./limits.ts";
import type { Parts } from "./parts.ts";

/** Admits a call, and counts it. */
export async function admitCall(
  parts: Parts,
  token: TokenFacts,
  proof: ProofOfPossession | null,
  exempt: boolean,
): Promise<AdmitOutcome> {
  const subject = await activeSubject(parts, token);
  if (!subject) return { outcome: "inactive" };
  if (!useProof(parts, proof)) return { outcome: "proof_replayed" };
  const charged = charge(parts, subject, "call", exempt);
  if (charged.outcome === "limited") return charged;
  await parts.settled();
  const { agent, organization } = subject;
  return {
    outcome: "admitted",
    role: agent.role,
    capabilities: agent.capabilities,
    platformScopes: platformScopesOf(agent),
    isOperator: organization.isOperator,
    rate: charged.rate,
  };
}
