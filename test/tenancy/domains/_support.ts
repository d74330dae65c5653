/** A DNS-over-HTTPS resolver that the test answers for, and calls to the Worker that uses it. */
import { afterEach, beforeEach, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { type Answer, adminToken, type Client, newOrganization, type Organization, unique } from "../../support/api.ts";
import { requestWith } from "../../support/with-bindings.ts";

const resolver = "http://127.0.0.1:5353/dns-query";

/** The bindings of a Worker that asks the resolver of the test. */
export const withResolver = { DNS_RESOLVER: resolver } as unknown as Partial<Bindings>;

export interface Zone {
  /** What the resolver answers for a name; NXDOMAIN for names without an entry. `hang`: it never answers. */
  readonly answers: Map<string, unknown>;
  /** The names that were asked for. */
  readonly asked: string[];
  /** Publishes TXT records, one character-string each unless said otherwise, in place of those before. */
  publish(name: string, ...values: readonly string[]): void;
}

/** For a test file: stands in for the resolver in each test. */
export function standInResolver(): Zone {
  const answers = new Map<string, unknown>();
  const asked: string[] = [];
  beforeEach(() => {
    answers.clear();
    asked.length = 0;
    const real = globalThis.fetch;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : String(input));
      if (`${url.origin}${url.pathname}` !== resolver) return real(input, init);
      const name = url.searchParams.get("name") ?? "";
      asked.push(name);
      const answer = answers.get(name);
      if (answer === "down") throw new TypeError("connection refused");
      return Response.json(answer ?? { Status: 3 });
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return {
    answers,
    asked,
    publish: (name, ...values) => {
      const Answer = values.map((value) => ({ name, type: 16, data: value.startsWith('"') ? value : `"${value}"` }));
      answers.set(name, { Status: 0, Answer });
    },
  };
}

export interface DomainCalls {
  readonly organization: Organization;
  add(domain: unknown): Promise<Answer>;
  verify(domain: string): Promise<Answer>;
  read(domain: string): Promise<Answer>;
  list(query?: string): Promise<Answer>;
  remove(domain: string): Promise<Answer>;
}

/** The calls about the domains of an organization, by `caller`, which is its own admin unless said otherwise. */
export function domainCalls(
  organization: Organization,
  overrides: Partial<Bindings> = withResolver,
  caller: Client = organization,
): DomainCalls {
  const root = `/api/v1/organizations/${organization.organizationId}/domains`;
  const send = async (method: string, path: string, json?: unknown) => {
    // A new token each time, since tests move the clock.
    const headers = { Authorization: `Bearer ${await adminToken(caller)}`, "Content-Type": "application/json" };
    return requestWith(overrides, path, {
      method,
      headers,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
  };
  return {
    organization,
    add: (domain) => send("POST", root, { domain }),
    verify: (domain) => send("POST", `${root}/${domain}/verify`),
    read: (domain) => send("GET", `${root}/${domain}`),
    list: (query = "") => send("GET", `${root}${query}`),
    remove: (domain) => send("DELETE", `${root}/${domain}`),
  };
}

/** A new organization and the calls about its domains. */
export const newHolder = async (fields: Record<string, unknown> = {}): Promise<DomainCalls> =>
  domainCalls(await newOrganization(fields));

/** A name that no other call of this test file gets. */
export const newName = () => `${unique("name")}.acme-${unique("zone")}.com`;

/** Adds a domain, publishes its record beside `others`, and verifies it. */
export async function proved(zone: Zone, holder: DomainCalls, domain: string, others: readonly string[] = []) {
  const { challenge } = (await holder.add(domain)).body;
  zone.publish(challenge.name, challenge.value, ...others);
  return { challenge, answer: await holder.verify(domain) };
}
