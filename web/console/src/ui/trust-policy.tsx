/** What a trust policy compares. */
import type { TrustPolicy } from "../api/schema.ts";

/** The claims that a token must have, in the policy's own words. */
function claimsOf(policy: TrustPolicy): readonly (readonly [string, string])[] {
  const { policyId, organization_id, createdAt, provider, agentId, jwks, claims = {}, ...rules } = policy;
  return [...Object.entries(rules), ...Object.entries(claims)].map(([name, value]) => [name, String(value)] as const);
}

export function PolicyClaims({ policy }: { readonly policy: TrustPolicy }) {
  return (
    <ul>
      {claimsOf(policy).map(([name, value]) => (
        <li key={name} className="breaks">
          <span className="quiet-text">{name}</span> <code>{value}</code>
        </li>
      ))}
    </ul>
  );
}
