/** Files for programs: the list for language models, and the map for search engines. The Worker puts in the issuer. */
import type { Source } from "./site.ts";

const title = "SentryAgent AgentIdP";

const summary =
  "An identity provider for AI agents. Every agent has its own identity, signs in with a standard OAuth 2.0 client, and presents a short-lived signed token. Any API can verify the token with the published keys. All events are in an audit log that shows tampering.";

/** For programs, beside the pages. */
const documents: readonly (readonly [path: string, name: string, about: string])[] = [
  ["/openapi.json", "OpenAPI document", "Every operation: OpenAPI 3.1"],
  ["/docs", "API reference", "Every operation, with examples, to read and to try"],
  [
    "/.well-known/oauth-authorization-server",
    "OAuth discovery",
    "Endpoints and abilities for OAuth clients (RFC 8414)",
  ],
  ["/.well-known/jwks.json", "Keys", "The public keys that verify access tokens (JWKS, RFC 7517)"],
  ["/.well-known/did.json", "DID document", "The same keys as the did:web of the service"],
  ["/api/v1/tiers", "Tiers", "The limits of each tier, as JSON"],
  ["/api/v1/compliance/controls", "Controls", "The security controls of the service, as JSON"],
  ["/tools/verify-audit-log.mjs", "Verifier of audit logs", "Checks an export of the audit log without the service"],
  ["/health", "Health", "Whether the service runs, and its version"],
];

const line = (path: string, name: string, about: string) => `- [${name}]({{issuer}}${path}): ${about}`;

/** llmstxt.org: a title, a summary, and lists of links. The pages are named in their form as Markdown. */
export function llmsTxt(pages: readonly (Source & { readonly title: string })[], sections: readonly string[]): string {
  const list = (section: string | null) =>
    pages
      .filter((page) => page.section === section && page.path !== "/")
      .map((page) => line(`${page.path}.md`, page.title, page.about));
  const parts = [
    ["API", documents.map(([path, name, about]) => line(path, name, about))] as const,
    ...sections.map((section) => [section, list(section)] as const),
    ["State and prices", list(null)] as const,
  ];
  return `# ${title}

> ${summary}

An agent gets a token with \`POST {{issuer}}/api/v1/token\` (OAuth 2.0 client credentials) and sends it as \`Authorization: Bearer\`. The REST API is below \`{{issuer}}/api/v1\`. An error is a JSON object; decide by its \`code\`.

${parts.map(([name, lines]) => `## ${name}\n\n${lines.join("\n")}\n`).join("\n")}`;
}

/** sitemaps.org, version 0.9. */
export const sitemap = (paths: readonly string[]): string => `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
${paths.map((path) => `<url><loc>{{issuer}}${path}</loc></url>`).join("\n")}
</urlset>
`;
