/** The events of the service's own signing keys, in the audit log of the operator's organization. */
import type { EventEntries } from "./entry.ts";

export const keyEvents = {
  "signing_key.rotated": { audit: true },
  "signing_key.compromised": { audit: true },
} as const satisfies EventEntries;
