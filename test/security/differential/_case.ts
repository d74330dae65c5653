/** How a case of the corpus is written down, and what is compared of its answers. */
import { exchange, type WireAnswer, type WireRequest } from "../fuzz/_wire.ts";
import type { Party, SecretClient } from "./_parties.ts";

export interface Case {
  /** Names the rule that is broken, or the borderline that is walked: `RFC 6749 5.2: …`. */
  readonly name: string;
  /** One request after the other; the verdict is over all of them. */
  requests(party: Party): Promise<readonly WireRequest[]> | readonly WireRequest[];
}

export type Pairs = Readonly<Record<string, string | readonly string[]>>;

/** A form; a list sends its name again for each. */
export const formOf = (pairs: Pairs) =>
  new URLSearchParams(
    Object.entries(pairs).flatMap(([name, value]) => [value].flat().map((one) => [name, one] as [string, string])),
  ).toString();

export const basicOf = ({ id, secret }: SecretClient) => `Basic ${btoa(`${id}:${secret}`)}`;

export const formType = ["Content-Type", "application/x-www-form-urlencoded"] as const;

interface Post {
  /** null: no header. Without it, HTTP Basic of the party's client. */
  readonly authorization?: string | null;
  readonly form?: Pairs;
  readonly body?: string | Uint8Array;
  readonly headers?: readonly (readonly [string, string])[];
  readonly method?: string;
  readonly query?: string;
}

/** A form by POST, authenticated by HTTP Basic, unless another thing is said. */
export function post(party: Party, path: string, { authorization, form = {}, body, ...rest }: Post = {}): WireRequest {
  const { headers = [formType], method = "POST", query = "" } = rest;
  const value = authorization === undefined ? basicOf(party.client) : authorization;
  const sent = body ?? formOf(form);
  return {
    method,
    path: `${path}${query}`,
    headers: [...headers, ...(value === null ? [] : [["Authorization", value] as const])],
    ...(method === "GET" ? {} : { body: sent }),
  };
}

/** A token request with the client credentials grant; `form` adds to it, and a list that is empty leaves a parameter out. */
export const tokenRequest = (party: Party, { form = {}, ...rest }: Post = {}) =>
  post(party, party.token, { ...rest, form: { grant_type: "client_credentials", ...form } });

let address = 0;

/** One request each from an address of its own: ours counts failures by client and address. */
async function answerOf(party: Party, request: WireRequest): Promise<WireAnswer> {
  address += 1;
  const source = ["CF-Connecting-IP", `10.0.${address >> 8}.${address & 255}`] as const;
  return exchange(party.issuer, { ...request, headers: [...(request.headers ?? []), source] });
}

/**
 * What a client can tell apart: status, error code, whether the token lives, the scheme that a challenge names where the
 * client tried one (RFC 6749 5.2), and whether a success may be cached (RFC 6749 5.1).
 */
export function verdictOf(request: WireRequest, { status, headers, body }: WireAnswer): string {
  const tried = request.headers?.some(([name]) => name === "Authorization");
  const challenge = status === 401 && tried ? (headers.get("WWW-Authenticate")?.split(" ")[0] ?? "no challenge") : "";
  const life = typeof body?.active === "boolean" ? (body.active ? "active" : "inactive") : "";
  const isToken = body?.access_token !== undefined;
  const cached = isToken && !headers.get("Cache-Control")?.includes("no-store") ? "cacheable" : "";
  const kind = isToken ? body.token_type : "";
  return [status, body?.error ?? "", life, kind, challenge, cached].filter((part) => part !== "").join(" ");
}

/** Both servers' verdicts on a case. */
export async function verdictsOf(
  party: Party,
  { requests }: Case,
): Promise<{ verdict: string; answers: WireAnswer[] }> {
  const answers: WireAnswer[] = [];
  const verdicts: string[] = [];
  for (const request of await requests(party)) {
    const answer = await answerOf(party, request);
    answers.push(answer);
    verdicts.push(verdictOf(request, answer));
  }
  return { verdict: verdicts.join(", then "), answers };
}
