/** Whether the DID documents of an organization's agents are what they should be: built, parsed, and each key tried. */

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

/** A document that a resolver would take, in which the agent authenticates with one key of its own that works. */
async function isSound(issuer: string, subject: DidSubject, serviceKeys: readonly PublishedJwk[]): Promise<boolean> {
  const { success, data: document } = agentDocumentSchema.safeParse(agentDocument(issuer, subject, serviceKeys));
  if (!success || document.id !== agentDid(issuer, subject.id) || document.authentication.length !== 1) return false;
  const own = document.verificationMethod.find(({ id }) => id === document.authentication[0]);
  const key = own?.controller === document.id ? publicJwkSchema.safeParse(own.publicKeyJwk) : null;
  return key?.success === true && (await isUsablePublicJwk(key.data));
}

/** What a look at the documents found. */
export interface DocumentCheck {
  readonly checked: number;
  readonly sound: number;
  /** The first agent whose document is not as it should be; null when there is none. */
  readonly firstUnsound: AgentId | null;
}

/** Checks the documents of the organization's active agents, at most `atMost` of them, oldest first. */
export async function checkAgentDocuments(
  context: Context,
  organizationId: OrganizationId,
  atMost: number,
): Promise<DocumentCheck> {
  const { keys } = await keySet(context);
  let [checked, sound] = [0, 0];
  let firstUnsound: AgentId | null = null;
  for (let after: AgentId | null = null; checked < atMost; ) {
    const limit = Math.min(pageSize, atMost - checked);
    const subjects: DidSubject[] = await listActiveSubjects(context, organizationId, { after, limit });
    const verdicts = await Promise.all(subjects.map((subject) => isSound(context.settings.issuer, subject, keys)));
    checked += subjects.length;
    sound += verdicts.filter(Boolean).length;
    firstUnsound ??= subjects[verdicts.indexOf(false)]?.id ?? null;
    after = subjects.at(-1)?.id ?? null;
    if (subjects.length < limit) break;
  }
  return { checked, sound, firstUnsound };
}
