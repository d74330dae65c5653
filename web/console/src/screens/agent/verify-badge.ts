/**
 * Verifies a badge in the browser: a W3C Verifiable Credential as a JWT (VC Data Model 1.1, 6.3.1), with the keys of the service's DID
 * document. Only ES256 is accepted, whatever the header says.
 */

/** A question that was answered, and what it rests on. */
export interface Check {
  readonly label: string;
  readonly isMet: boolean;
  readonly evidence: string;
}

export interface VerifiedBadge {
  readonly isVerified: boolean;
  readonly checks: readonly Check[];
  /** ISO 8601; null: the badge has none that can be read */
  readonly expiresAt: string | null;
}

export interface ServiceDidDocument {
  readonly id: string;
  readonly assertionMethod: readonly string[];
  readonly verificationMethod: readonly { readonly id: string; readonly publicKeyJwk: JsonWebKey }[];
}

type Claims = Readonly<Record<string, unknown>>;

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A part of the JWT as an object; empty: it is none. */
function claimsOf(part: string): Claims {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(part)));
    return typeof value === "object" && value !== null ? (value as Claims) : {};
  } catch {
    return {};
  }
}

/** The key that the header names, if the service makes assertions with it. */
function keyOf(document: ServiceDidDocument, kid: unknown): JsonWebKey | null {
  const method = document.verificationMethod.find(({ id }) => id === kid);
  const isForAssertions = method !== undefined && document.assertionMethod.includes(method.id);
  return isForAssertions && method.publicKeyJwk.crv === "P-256" ? method.publicKeyJwk : null;
}

async function isSigned([header = "", payload = "", signature = ""]: readonly string[], key: JsonWebKey) {
  try {
    const { kty, crv, x, y } = key;
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const imported = await crypto.subtle.importKey("jwk", { kty, crv, x, y } as JsonWebKey, algorithm, false, [
      "verify",
    ]);
    const signed = new TextEncoder().encode(`${header}.${payload}`);
    return await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, bytesOf(signature), signed);
  } catch {
    return false;
  }
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "missing");

const timeOf = (value: unknown) => (typeof value === "number" ? new Date(value * 1000).toISOString() : null);

/** The clocks of the service and of this machine may differ so much. */
const skewSeconds = 60;

/**
 * @param agentDid the DID that the badge must be about
 * @param nowMs the time of this machine
 */
export async function verifyBadge(
  jwt: string,
  document: ServiceDidDocument,
  agentDid: string,
  nowMs: number,
): Promise<VerifiedBadge> {
  const parts = jwt.split(".");
  const [header, claims] = [claimsOf(parts[0] ?? ""), claimsOf(parts[1] ?? "")];
  const key = parts.length === 3 && header.alg === "ES256" ? keyOf(document, header.kid) : null;
  const { iss, sub, nbf, exp, vc } = claims;
  const types: unknown = (vc as Claims | undefined)?.type;
  const nowSeconds = nowMs / 1000;
  const isInTime =
    typeof nbf === "number" && typeof exp === "number" && nbf - skewSeconds <= nowSeconds && nowSeconds < exp;
  const checks = [
    {
      label: "Signed by a key of the service",
      isMet: key !== null && (await isSigned(parts, key)),
      evidence: textOf(header.kid),
    },
    { label: "Issued by the service", isMet: iss === document.id, evidence: textOf(iss) },
    { label: "About this agent", isMet: sub === agentDid, evidence: textOf(sub) },
    {
      label: "An agent badge",
      isMet: Array.isArray(types) && types.includes("AgentBadge"),
      evidence: Array.isArray(types) ? types.join(", ") : "missing",
    },
    { label: "Valid now", isMet: isInTime, evidence: `${timeOf(nbf) ?? "missing"} to ${timeOf(exp) ?? "missing"}` },
  ];
  return { isVerified: checks.every(({ isMet }) => isMet), checks, expiresAt: timeOf(exp) };
}
