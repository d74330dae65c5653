/** The first admin of an organization: an agent with a key of its own, and a credential to sign in with. */

import type { Caller } from "../../access/caller.ts";
import { grantableScopes } from "../../access/scopes.ts";
import type { DomainEvent } from "../../events/catalogue.ts";
import { newEvent } from "../../events/outbox.ts";
import { agentDid } from "../../identity/dids/service.ts";
import type { Context } from "../../platform/context.ts";
import { newClientSecret } from "../../platform/crypto/client-secret.ts";
import { newAgentKeyPair } from "../../platform/crypto/jwk.ts";
import { hashSecret } from "../../platform/crypto/keyed-hash.ts";
import { seal, sealedPlace } from "../../platform/crypto/sealing.ts";
import { agentKeys, agents, credentials } from "../../platform/db/schema.ts";
import { type AgentId, type CredentialId, newId, type Scope } from "../../platform/ids.ts";
import type { FirstAdmin } from "./schema.ts";
import type { Organization } from "./store.ts";

/** A first admin that is not stored yet: what its maker is told, the rows, and the events of their making. */
export interface PreparedAdmin {
  /** The only place where the secret is ever in clear. */
  readonly admin: FirstAdmin;
  readonly agent: typeof agents.$inferSelect;
  readonly key: typeof agentKeys.$inferInsert;
  readonly credential: typeof credentials.$inferInsert;
  readonly events: readonly [DomainEvent, DomainEvent];
}

/** Makes the first admin's key and secret and everything that is to be stored; stores nothing. */
export async function prepareFirstAdmin(
  context: Context,
  caller: Caller | null,
  organization: Organization,
  email: string,
): Promise<PreparedAdmin> {
  const { settings } = context;
  const now = context.now();
  const organizationId = organization.id;
  const agentId = newId<AgentId>(now);
  const credentialId = newId<CredentialId>(now);
  const keyId: string = newId(now);

  const { publicJwk, privateJwk } = await newAgentKeyPair();
  const privateSealed = await seal(settings.keyEncryptionKeys, JSON.stringify(privateJwk), sealedPlace.agentKey(keyId));
  const clientSecret = newClientSecret();
  const { hash, keyId: hashKeyId } = hashSecret(settings.secretHashKeys, clientSecret);

  const agent: PreparedAdmin["agent"] = {
    id: agentId,
    organizationId,
    email,
    agentType: "custom",
    version: "1.0.0",
    capabilities: ["organization:administer" as Scope],
    owner: organization.slug,
    deploymentEnv: "production",
    description: null,
    grantedScopes: grantableScopes as readonly string[] as readonly Scope[],
    role: "admin",
    isPublic: false,
    status: "active",
    createdAt: now,
    updatedAt: now,
  };
  const { agentType, role, capabilities, grantedScopes } = agent;
  return {
    admin: { agentId, email, clientId: agentId, credentialId, clientSecret },
    agent,
    key: { id: keyId, agentId, number: 1, publicJwk, privateSealed, createdAt: now },
    credential: { id: credentialId, organizationId, agentId, secretHash: hash, hashKeyId, createdAt: now },
    events: [
      newEvent(context, caller, {
        organizationId,
        action: "agent.created",
        agentId,
        target: agentId,
        details: { email, agentType, role, capabilities, grantedScopes },
        data: publicFieldsOf(agent, agentDid(settings.issuer, agentId)),
      }),
      newEvent(context, caller, {
        organizationId,
        action: "credential.generated",
        agentId,
        target: credentialId,
        details: { expiresAt: null },
        data: { credentialId, agentId },
      }),
    ],
  };
}

/** The statements that store a first admin, for the batch that stores its organization. */
export function insertFirstAdmin(context: Context, { agent, key, credential }: PreparedAdmin) {
  return [
    context.db.insert(agents).values(agent),
    context.db.insert(agentKeys).values(key),
    context.db.insert(credentials).values(credential),
  ] as const;
}

function publicFieldsOf(agent: PreparedAdmin["agent"], did: string): NonNullable<DomainEvent["data"]> {
  const { id, organizationId, role: _, createdAt, updatedAt, ...fields } = agent;
  return {
    agentId: id,
    organization_id: organizationId,
    ...fields,
    did,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}
