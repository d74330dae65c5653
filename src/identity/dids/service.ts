/** DIDs, their documents and their resolution. All of it is public. */
import type { Caller } from "../../access/caller.ts";
import { keySet } from "../../keys/service.ts";
import type { Context } from "../../platform/context.ts";
import { sha256Hex } from "../../platform/crypto/canonical-json.ts";
import type { AgentId } from "../../platform/ids.ts";
import { longestActiveMs } from "../../platform/lifetimes.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { agentCard, publicOwner } from "./card.ts";
import { agentDocument, serviceDocument } from "./document.ts";
import {
  type AgentCard,
  type AgentDocument,
  type DidResolution,
  didDocumentType,
  type ServiceDocument,
} from "./schema.ts";
import { type DidSubject, findSubject } from "./store.ts";

export { agentCard, publicOwner } from "./card.ts";
export { checkAgentDocuments } from "./document-check.ts";
export { agentDid, serviceDid } from "./names.ts";
export { type AgentCard, agentCardSchema } from "./schema.ts";

/** An agent of any organization, with the keys that can verify something active; or `AGENT_NOT_FOUND`. */
async function subjectOf(context: Context, agentId: AgentId): Promise<Result<DidSubject>> {
  const subject = await findSubject(context, agentId, context.now() - longestActiveMs);
  return subject ? ok(subject) : problem("AGENT_NOT_FOUND", "No agent has this id.");
}

/** A DID is deactivated, for ever, with its agent or its organization. */
const isDeactivated = ({ status, organizationStatus }: DidSubject) =>
  status === "decommissioned" || organizationStatus === "deleted";

/** The agent and the published keys, concurrently: one round trip to D1 and one to KV. */
async function subjectAndKeys(context: Context, agentId: AgentId) {
  const [subject, { keys }] = await Promise.all([subjectOf(context, agentId), keySet(context)]);
  return { subject, keys };
}

/** The DID document of the service. */
export async function readServiceDocument(context: Context): Promise<ServiceDocument> {
  const { keys } = await keySet(context);
  return serviceDocument(context.settings.issuer, keys);
}

/**
 * The DID document of an agent of any organization.
 *
 * @param slug of the organization, for the document of the alias
 * @returns `AGENT_NOT_FOUND`, also for an agent of another organization; `AGENT_DECOMMISSIONED`, also for an agent of a
 *   deleted organization
 */
export async function readAgentDocument(
  context: Context,
  agentId: AgentId,
  slug: string | null = null,
): Promise<Result<AgentDocument>> {
  const { subject, keys } = await subjectAndKeys(context, agentId);
  if (!subject.ok) return subject;
  if (slug !== null && slug !== subject.value.slug) return problem("AGENT_NOT_FOUND", "No agent has this id.");
  if (isDeactivated(subject.value)) return problem("AGENT_DECOMMISSIONED");
  return ok(agentDocument(context.settings.issuer, subject.value, keys, slug === null ? "canonical" : "alias"));
}

/** A card without an e-mail address of its owner, and whether the agent is public. */
export interface PublishedCard {
  readonly card: AgentCard;
  readonly isPublic: boolean;
}

/**
 * The card of a public agent of any organization, or of an agent of the caller's organization.
 *
 * @param caller null without a token
 * @returns the same problems as for the agent's document, and `AGENT_NOT_FOUND` for a private agent of another organization,
 *   decommissioned or not
 */
export async function readAgentCard(
  context: Context,
  caller: Caller | null,
  agentId: AgentId,
): Promise<Result<PublishedCard>> {
  // The same answer for an id that does not exist and for a private agent of another organization.
  const notVisible = problem("AGENT_NOT_FOUND", "No agent with this id is visible to you.");
  const subject = await subjectOf(context, agentId);
  if (!subject.ok) return notVisible;
  const { isPublic, organizationId } = subject.value;
  if (!isPublic && organizationId !== caller?.organizationId) return notVisible;
  if (isDeactivated(subject.value)) return problem("AGENT_DECOMMISSIONED");
  const { owner, ...card } = agentCard(context.settings.issuer, subject.value);
  return ok({ card: { ...card, ...(publicOwner(owner) && { owner }) }, isPublic });
}

const resolutionContext = "https://w3id.org/did-resolution/v1";

/** The members of the result of a resolution without a document (DID Core 7.1): the error and no metadata of a document. */
export const failedResolution = (error: "invalidDid" | "invalidOptions" | "notFound") => ({
  "@context": resolutionContext,
  didDocument: null,
  didDocumentMetadata: {},
  didResolutionMetadata: { error },
});

const withoutFraction = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** Resolves an agent's DID (W3C DID Resolution). The result for a deactivated DID has no document. */
export async function resolveAgentDid(context: Context, agentId: AgentId): Promise<Result<DidResolution>> {
  const { subject, keys } = await subjectAndKeys(context, agentId);
  if (!subject.ok) return subject;
  const { createdAt, updatedAt } = subject.value;
  const didDocument = isDeactivated(subject.value) ? null : agentDocument(context.settings.issuer, subject.value, keys);
  return ok({
    "@context": resolutionContext,
    didDocument,
    didDocumentMetadata: {
      created: withoutFraction(createdAt),
      updated: withoutFraction(updatedAt),
      deactivated: didDocument === null,
      ...(didDocument && { versionId: sha256Hex(JSON.stringify(didDocument)) }),
    },
    didResolutionMetadata: didDocument ? { contentType: didDocumentType } : {},
  });
}
