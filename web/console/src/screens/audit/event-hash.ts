/** The hash of an event, computed in the browser: what the service says is compared with what it must be. */
import canonicalize from "canonicalize";
import type { AuditEvent } from "../../api/schema.ts";

/** SHA-256 in hex over the RFC 8785 form of all fields but the hash; null where the browser has no cryptography (a page without TLS) */
export async function hashOf({ hash: _, ...fields }: AuditEvent): Promise<string | null> {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto };
  if (subtle === undefined) return null;
  const form = new TextEncoder().encode(canonicalize(fields));
  const digest = await subtle.digest("SHA-256", form);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
