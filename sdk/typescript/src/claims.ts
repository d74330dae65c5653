/** Reads the claims of a token without any check. Nothing may be decided by them that the service does not check again. */

export function unverifiedClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    // A delegation token has a prefix before its JWS.
    const [, payload = ""] = token.split(".");
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const value: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
