/** Everything that can happen. The names are those of the audit log; the webhook events are among them. */
import type { AgentId, CredentialId, EventId, OrganizationId } from "../platform/ids.ts";

export const eventActions = [
  "organization.created",
  "organization.updated",
  "organization.suspended",
  "organization.reactivated",
  "organization.deleted",
  "tier.changed",
  "member.set",
  "member.removed",
  "agent.created",
  "agent.updated",
  "agent.suspended",
  "agent.reactivated",
  "agent.decommissioned",
  "credential.generated",
  "credential.rotated",
  "credential.revoked",
  "token.issued",
  "token.refused",
  "token.introspected",
  "token.revoked",
  "client.refused",
  "delegation.created",
  "delegation.verified",
  "delegation.exchanged",
  "delegation.revoked",
  "trust_policy.created",
  "trust_policy.deleted",
  "partner.created",
  "partner.updated",
  "partner.deleted",
  "partner_token.verified",
  "webhook.created",
  "webhook.updated",
  "webhook.secret_rotated",
  "webhook.disabled",
  "webhook.deleted",
  "signing_key.rotated",
  "signing_key.compromised",
] as const;

export type EventAction = (typeof eventActions)[number];

/** Who did it. */
export interface Actor {
  /** null: nobody we know (a failed sign-in), or the service itself (a scheduled run). */
  readonly agentId: AgentId | null;
  readonly credentialId?: CredentialId;
  readonly ip: string;
  readonly userAgent: string;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One thing that happened. Never holds a secret, a token or an assertion. */
export interface DomainEvent {
  readonly id: EventId;
  readonly organizationId: OrganizationId;
  readonly action: EventAction;
  readonly outcome: "success" | "failure";
  /** The agent that it happened to, if to one. */
  readonly agentId: AgentId | null;
  readonly actor: Actor;
  /** The id of what it happened to: an agent, a credential, a token, a key, an organization. */
  readonly target: string | null;
  readonly details: { readonly [key: string]: JsonValue };
  /** Milliseconds since the epoch. */
  readonly occurredAtMs: number;
  /** What receivers of webhooks are told: the public fields of the subject. Without it they are told nothing. */
  readonly data?: { readonly [key: string]: JsonValue };
}
