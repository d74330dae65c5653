/** The TXT and MX records of a name, for the proof of a domain and for mail. */
import type { Settings } from "../env.ts";
import { type DnsRecord, dnsName, queryDns, recordTypes } from "./query.ts";

const timeoutMs = 5000;

export type DnsSettings = Pick<Settings, "dnsResolver" | "dnsStaticRecords">;

/**
 * The TXT records of a name. `alias`: the name is an alias (CNAME, DNAME, wildcard), so its records belong to another owner and
 * prove nothing. `unknown`: the resolver is off, down, or failed (SERVFAIL).
 */
export type TextRecords =
  | { readonly kind: "records"; readonly values: readonly string[] }
  | { readonly kind: "alias"; readonly alias: string }
  | { readonly kind: "unknown" };

/** A mail exchanger (RFC 5321 5.1); the lowest preference comes first. */
export interface MailExchanger {
  readonly preference: number;
  readonly host: string;
}

const quotedString = /"((?:[^"\\]|\\.)*)"/gs;

/** `\"` and `\065` of the presentation format (RFC 1035 5.1). */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3}|.)/gs, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number(code)) : code,
  );
}

/** The character-strings of a record, joined without anything between them (RFC 7208 3.3). A resolver may leave the quotes out. */
function textOf(data: string): string {
  if (!data.trimStart().startsWith('"')) return data;
  return [...data.matchAll(quotedString)].map(([, quoted = ""]) => unescaped(quoted)).join("");
}

const aliasTypes: readonly number[] = [recordTypes.CNAME, recordTypes.DNAME];

function textRecordsOf(name: string, answer: readonly DnsRecord[]): TextRecords {
  const alias = answer.find(({ type }) => aliasTypes.includes(type));
  if (alias) return { kind: "alias", alias: dnsName(alias.data) };
  const own = answer.filter((record) => record.type === recordTypes.TXT && record.name === dnsName(name));
  return { kind: "records", values: own.map(({ data }) => textOf(data)) };
}

/**
 * Looks up the TXT records that a name itself owns. Aliases are reported and never followed: with
 * `*.example.com CNAME hoster` the hoster would answer for every name below.
 */
export async function lookUpText(settings: DnsSettings, name: string): Promise<TextRecords> {
  const { dnsResolver, dnsStaticRecords } = settings;
  if (dnsStaticRecords) return { kind: "records", values: dnsStaticRecords[dnsName(name)] ?? [] };
  const answer = dnsResolver === null ? null : await queryDns(dnsResolver, name, "TXT", timeoutMs);
  return answer === null ? { kind: "unknown" } : textRecordsOf(name, answer);
}

/** The mail exchangers of a domain, preferred first; empty without any, null without an answer of the resolver. */
export async function lookUpMailExchangers(
  settings: Pick<Settings, "dnsResolver">,
  domain: string,
): Promise<MailExchanger[] | null> {
  const { dnsResolver } = settings;
  const answer = dnsResolver === null ? null : await queryDns(dnsResolver, domain, "MX", timeoutMs);
  const records = answer?.filter(({ type }) => type === recordTypes.MX);
  const exchangers = records?.flatMap(({ data }) => {
    const [, preference, host] = /^(\d{1,5})\s+(\S+)$/.exec(data) ?? [];
    return host === undefined ? [] : [{ preference: Number(preference), host: dnsName(host) }];
  });
  return exchangers?.sort((one, other) => one.preference - other.preference) ?? null;
}
