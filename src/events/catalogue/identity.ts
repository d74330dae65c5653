/** The events of agents: their credentials, their tokens, their delegations, and the issuers that an organization trusts. */
import type { EventEntries } from "./entry.ts";

export const identityEvents = {
  "agent.created": { audit: true, webhook: "AgentEventData", changes: "agent" },
  "agent.updated": { audit: true, webhook: "AgentEventData", changes: "agent" },
  "agent.suspended": { audit: true, webhook: "AgentEventData", changes: "agent" },
  "agent.reactivated": { audit: true, webhook: "AgentEventData", changes: "agent" },
  "agent.decommissioned": { audit: true, webhook: "AgentEventData", changes: "agent" },
  "agent.erased": { audit: true, webhook: "AgentEventData", changes: "agent" },
  "agent.scaffolded": { audit: true },
  "credential.generated": { audit: true, webhook: "CredentialEventData", changes: "agent" },
  "credential.rotated": { audit: true, webhook: "CredentialEventData", changes: "agent" },
  // No `changes`: the credential stays as it is. For the audit log alone, as the signs of other attacks.
  "credential.rotation_replayed": { audit: true },
  "credential.revoked": { audit: true, webhook: "CredentialEventData", changes: "agent" },
  "setup.recovered": { audit: true, webhook: "CredentialEventData", changes: "agent" },
  "token.issued": { audit: true, webhook: { data: "TokenEventData", details: ["scope"] } },
  "token.refused": { audit: true },
  "token.introspected": { audit: true },
  "token.revoked": { audit: true, webhook: { data: "TokenEventData", details: ["scope"] } },
  "client.refused": { audit: true },
  // The refusals of a minute that the log does not have, with their count.
  "client.refusals_omitted": { audit: true },
  "session.link_created": { audit: true },
  "session.started": { audit: true },
  "session.ended": { audit: true },
  // No `changes`: an agent's record has no delegations.
  "delegation.created": { audit: true, webhook: "DelegationEventData" },
  "delegation.verified": { audit: true },
  "delegation.exchanged": { audit: true },
  "delegation.revoked": { audit: true, webhook: "DelegationEventData" },
  "trust_policy.created": { audit: true, changes: "agent" },
  "trust_policy.deleted": { audit: true, changes: "agent" },
  "partner.created": { audit: true },
  "partner.updated": { audit: true },
  "partner.deleted": { audit: true },
  "partner_token.verified": { audit: true },
  "resource.created": { audit: true, webhook: "ResourceEventData", changes: "resources" },
  "resource.updated": { audit: true, webhook: "ResourceEventData", changes: "resources" },
  "resource.disabled": { audit: true, webhook: "ResourceEventData", changes: "resources" },
  "resource.deleted": { audit: true, webhook: "ResourceEventData", changes: "resources" },
} as const satisfies EventEntries;
