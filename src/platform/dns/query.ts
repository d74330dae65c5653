/** One DNS query over HTTPS, in the JSON form of the public resolvers (`application/dns-json`). */
import { z } from "@hono/zod-openapi";
import { readBounded } from "../bounded-body.ts";

const maxAnswerBytes = 64 * 1024;

/** Types of resource records (RFC 1035 3.2.2, RFC 3596 2.1, RFC 6672 2.1). */
export const recordTypes = { A: 1, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, DNAME: 39 } as const;

/** Response codes (RFC 1035 4.1.1): the name exists, or it does not. Every other code means: unknown. */
const noError = 0;
const nameError = 3;

const answerSchema = z.object({
  Status: z.int(),
  Answer: z.array(z.object({ name: z.string().default(""), type: z.int(), data: z.string() })).default([]),
});

/** A resource record of an answer; `name` is its owner, in lower case and without the trailing dot. */
export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  /** In presentation format (RFC 1035 5.1), as the resolver sent it. */
  readonly data: string;
}

/** A name in lower case and without the trailing dot, so that two spellings of it are equal (RFC 4343). */
export const dnsName = (text: string): string => text.toLowerCase().replace(/\.$/, "");

/**
 * Queries a resolver for the records of one type and the aliases that lead to them.
 *
 * @param resolver the URL of a DNS-over-HTTPS endpoint that answers in JSON. The operator chose it, so `outbound/` does not check
 *   it; redirects are not followed, and at most 64 KiB are read
 * @returns the records, none for a name that does not exist; null without an answer
 */
export async function queryDns(
  resolver: string,
  name: string,
  type: keyof typeof recordTypes,
  timeoutMs: number,
): Promise<DnsRecord[] | null> {
  const url = new URL(resolver);
  url.searchParams.set("name", name);
  url.searchParams.set("type", type);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { headers: { Accept: "application/dns-json" }, redirect: "manual", signal });
    const { bytes, truncated } = await readBounded(response.body, maxAnswerBytes, signal);
    if (!response.ok || truncated) return null;
    const { Status, Answer } = answerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    if (Status !== noError && Status !== nameError) return null;
    return Answer.map((record) => ({ ...record, name: dnsName(record.name) }));
  } catch {
    return null;
  }
}
