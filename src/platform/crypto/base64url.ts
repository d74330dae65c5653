/** base64url as RFC 7515 2 defines it: no padding, no white space, and one spelling for each value. */
import { base64url } from "jose";

/** Encodes bytes, or the UTF-8 form of a text. */
export const encodeBase64url: (input: Uint8Array | string) => string = base64url.encode;

/**
 * Decodes canonical base64url; null for anything else.
 *
 * The last character of a segment may carry bits that decoders ignore. If those were accepted, one value would have several
 * spellings, and an attacker could bypass a deny list or a unique constraint over the text.
 */
export function decodeBase64url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = base64url.decode(text);
  return base64url.encode(bytes) === text ? bytes : null;
}
