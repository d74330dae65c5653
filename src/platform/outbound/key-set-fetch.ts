/** Fetches the key set of another issuer, from a given URL or through its discovery document. */
import { z } from "@hono/zod-openapi";
import { outboundFetch } from "./fetch.ts";
import type { OutboundContext } from "./guard.ts";
import { type RemoteKey, readKeySet } from "./remote-key-set.ts";

/** Where an issuer's keys are. Without `jwks` and `jwksUri`, its discovery document has the address. */
export interface RemoteIssuer {
  readonly issuer: string;
  readonly jwksUri?: string | null;
  /** The keys themselves; nothing is fetched. */
  readonly jwks?: { readonly keys: readonly RemoteKey[] } | null;
}

/**
 * RFC 7517 8.5.1 registers the type of a key set, and kube-apiserver answers 406 to a request that does not accept it. Other servers
 * know JSON alone. The body decides, whatever its type is.
 */
const acceptOf = {
  keySet: "application/jwk-set+json, application/json;q=0.9, */*;q=0.1",
  metadata: "application/json, */*;q=0.1",
};

/** For the whole fetch, with discovery. */
export const fetchTimeoutMs = 5000;
const maxBytes = 512 * 1024;

export type FetchedKeys =
  | {
      readonly ok: true;
      readonly keys: readonly RemoteKey[];
      /** See {@link maxAgeOf}. */
      readonly maxAgeSeconds: number | null;
    }
  | { readonly ok: false; readonly detail: string };

type Document = { readonly value: unknown; readonly headers: Headers } | { readonly detail: string };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

async function fetchJson(
  context: OutboundContext,
  url: string,
  kind: keyof typeof acceptOf,
  deadlineMs: number,
): Promise<Document> {
  const timeoutMs = Math.max(1, deadlineMs - Date.now());
  const answer = await outboundFetch(context, url, { timeoutMs, maxBytes, accept: acceptOf[kind] });
  if (!answer.ok) return { detail: `${answer.reason}: ${answer.detail}` };
  if (answer.status !== 200) return { detail: `answered ${answer.status}` };
  try {
    return { value: JSON.parse(decoder.decode(answer.body)), headers: answer.headers };
  } catch {
    return { detail: "the answer is not JSON" };
  }
}

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** OpenID Connect Discovery 4.1 puts the well-known path after the issuer's path, RFC 8414 3.1 before it. */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

/** The `jwks_uri` of the issuer's metadata, which must have this `issuer` (RFC 8414 3.3). */
async function discover(context: OutboundContext, issuer: string, deadlineMs: number) {
  let detail = "the issuer is no URL";
  for (const url of URL.canParse(issuer) ? metadataUrls(issuer) : []) {
    const document = await fetchJson(context, url, "metadata", deadlineMs);
    if ("detail" in document) {
      detail = document.detail;
      continue;
    }
    const metadata = metadataSchema.safeParse(document.value);
    if (metadata.success && metadata.data.issuer === issuer) return { jwksUri: metadata.data.jwks_uri };
    detail = metadata.success ? "the metadata is of another issuer" : "the metadata has no issuer and jwks_uri";
  }
  return { detail: `discovery: ${detail}` };
}

/** `max-age` of the answer in seconds (RFC 9111 5.2.2); 0 when it must not be stored, null without the directive. */
export function maxAgeOf(headers: Headers): number | null {
  const directives = headers.get("Cache-Control")?.toLowerCase() ?? "";
  if (/(?<![\w-])no-(store|cache)(?![\w-])/.test(directives)) return 0;
  const [, seconds] = /(?<![\w-])max-age="?(\d{1,9})/.exec(directives) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

/** Fetches the keys of an issuer, in at most 5 s and 512 KiB a document. Checks every URL, also a discovered one. */
export async function fetchKeySet(context: OutboundContext, source: RemoteIssuer): Promise<FetchedKeys> {
  const deadlineMs = Date.now() + fetchTimeoutMs;
  const found = source.jwksUri ? { jwksUri: source.jwksUri } : await discover(context, source.issuer, deadlineMs);
  if ("detail" in found) return { ok: false, detail: found.detail };
  const document = await fetchJson(context, found.jwksUri, "keySet", deadlineMs);
  if ("detail" in document) return { ok: false, detail: `key set: ${document.detail}` };
  const keys = readKeySet(document.value);
  if (keys === null) return { ok: false, detail: "key set: not a key set, or one with too many keys" };
  return { ok: true, keys, maxAgeSeconds: maxAgeOf(document.headers) };
}
