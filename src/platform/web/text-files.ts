/** The files that crawlers, security researchers and language models look for at fixed addresses. */
import type { Settings } from "../env.ts";
import { summary } from "./home.ts";
import { forVerifiers, guides, type Link, reference, state } from "./links.ts";

/** RFC 9309. Pages are for search engines; the API, and the documents of single agents, are not. */
export const robots = `User-agent: *
Disallow: /api/
Disallow: /agents/
Disallow: /orgs/
`;

const dayMs = 24 * 60 * 60 * 1000;

/** How long a reader can rely on the contact: well below the year of RFC 9116 2.5.5. */
const validDays = 90;

/** RFC 9116; null without a contact, which the file must have (2.5.3). `Expires` changes once a day. */
export function securityTxt({ issuer, operator }: Pick<Settings, "issuer" | "operator">, nowMs: number): string | null {
  if (operator.contact === null) return null;
  const expires = new Date((Math.floor(nowMs / dayMs) + validDays) * dayMs).toISOString();
  return `Contact: ${operator.contact}
Expires: ${expires}
Canonical: ${issuer}/.well-known/security.txt
`;
}

const listOf = (links: readonly Link[], base: string) =>
  links.map(({ path, name, about }) => `- [${name}](${base}${path}): ${about}`).join("\n");

/** llmstxt.org: a title, a summary, and lists of links. */
export function llmsTxt({ issuer, docsUrl }: Pick<Settings, "issuer" | "docsUrl">): string {
  const sections: readonly (readonly [string, string])[] = [
    ["API", listOf(reference, issuer)],
    ...(docsUrl === null ? [] : [["Guides", listOf(guides, docsUrl)] as const]),
    ["Discovery and keys", listOf(forVerifiers, issuer)],
    ["State of the service", listOf(state, issuer)],
  ];
  return `# SentryAgent AgentIdP

> ${summary}

An agent gets a token with \`POST ${issuer}/api/v1/token\` (OAuth 2.0 client credentials) and sends it as \`Authorization: Bearer\`. The REST API is below \`${issuer}/api/v1\`. An error is a JSON object; decide by its \`code\`.

${sections.map(([title, list]) => `## ${title}\n\n${list}\n`).join("\n")}`;
}
