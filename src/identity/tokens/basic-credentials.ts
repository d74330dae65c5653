/** `client_secret_basic`: HTTP Basic as RFC 6749 2.3.1 has it. */

/** RFC 6749 2.3.1: both halves are form-encoded before they are joined. */
function decodeFormPart(text: string): string | null {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return null;
  }
}

/**
 * The client id and the secret in the credentials of HTTP Basic (RFC 7617 2); null for anything malformed.
 *
 * @param credentials what stands behind the scheme
 */
export function parseBasic(credentials: string): { clientId: string; clientSecret: string } | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return null;
  let pair: string;
  try {
    pair = atob(credentials);
  } catch {
    return null;
  }
  const colon = pair.indexOf(":");
  const clientId = decodeFormPart(pair.slice(0, colon));
  const clientSecret = decodeFormPart(pair.slice(colon + 1));
  return colon > 0 && clientId !== null && clientSecret !== null ? { clientId, clientSecret } : null;
}
