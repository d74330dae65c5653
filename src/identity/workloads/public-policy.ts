/** A trust policy as the wire and the audit log see it. It holds no secret. */
import { isoOf } from "../../platform/time.ts";
import type { TrustPolicy } from "./schema.ts";
import type { TrustPolicyRecord } from "./store.ts";

/** What the policy demands of a token, in the fields of its provider. */
export function demandsOf(policy: TrustPolicyRecord) {
  const { provider } = policy;
  return provider === "github"
    ? { provider, ...policy.rule }
    : { provider, issuer: policy.issuer, audience: policy.audience, ...policy.rule };
}

/** The policy as the wire shows it. */
export function publicPolicy(policy: TrustPolicyRecord): TrustPolicy {
  return {
    policyId: policy.id,
    agentId: policy.agentId,
    organization_id: policy.organizationId,
    ...demandsOf(policy),
    createdAt: isoOf(policy.createdAt),
  };
}
