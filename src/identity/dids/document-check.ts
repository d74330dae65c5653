/** Checks the DID documents of an organization's agents: builds and parses each, and imports its key. */
import { keySet, type PublishedJwk } from "../../keys/service.ts";
import type { Context } from "../../platform/context.ts";
import { isUsablePublicJwk, publicJwkSchema } from "../../platform/crypto/jwk.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { agentDocument } from "./document.ts";
import { agentDid } from "./names.ts";
import { agentDocumentSchema } from "./schema.ts";
import { type DidSubject, listActiveSubjects } from "./store.ts";

/** How many agents are in memory at once. */
const pageSize = 250;

/** Whether a resolver accepts the document, and it has one usable authentication key of the agent. */
async function isValid(issuer: string, subject: DidSubject, serviceKeys: readonly PublishedJwk[]): Promise<boolean> {
  const { success, data: document } = agentDocumentSchema.safeParse(agentDocument(issuer, subject, serviceKeys));
  if (!success || document.id !== agentDid(issuer, subject.id) || document.authentication.length !== 1) return false;
  const own = document.verificationMethod.find(({ id }) => id === document.authentication[0]);
  const key = own?.controller === document.id ? publicJwkSchema.safeParse(own.publicKeyJwk) : null;
  return key?.success === true && (await isUsablePublicJwk(key.data));
}

/** The number of documents, and of the valid ones. */
export interface DocumentCheck {
  readonly checked: number;
  readonly valid: number;
  /** The first agent whose document is not valid; null when all are. */
  readonly firstInvalid: AgentId | null;
}

/** Checks the documents of the organization's active agents, at most `atMost` of them, oldest first. */
export async function checkAgentDocuments(
  context: Context,
  organizationId: OrganizationId,
  atMost: number,
): Promise<DocumentCheck> {
  const { keys } = await keySet(context);
  let [checked, valid] = [0, 0];
  let firstInvalid: AgentId | null = null;
  for (let after: AgentId | null = null; checked < atMost; ) {
    const limit = Math.min(pageSize, atMost - checked);
    const subjects: DidSubject[] = await listActiveSubjects(context, organizationId, { after, limit });
    const verdicts = await Promise.all(subjects.map((subject) => isValid(context.settings.issuer, subject, keys)));
    checked += subjects.length;
    valid += verdicts.filter(Boolean).length;
    firstInvalid ??= subjects[verdicts.indexOf(false)]?.id ?? null;
    after = subjects.at(-1)?.id ?? null;
    if (subjects.length < limit) break;
  }
  return { checked, valid, firstInvalid };
}
