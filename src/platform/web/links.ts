/** What the service has for people and programs: one list for the page at `/` and for `llms.txt`. */

/** An address of this service, or a page of `docs/` in the repository. */
export interface Link {
  readonly path: string;
  readonly name: string;
  readonly about: string;
}

export const reference: readonly Link[] = [
  { path: "/docs", name: "API reference", about: "Every operation, with examples, to read and to try" },
  { path: "/openapi.json", name: "OpenAPI document", about: "The same for tools: OpenAPI 3.1" },
  { path: "/errors", name: "Errors", about: "Every error code: what it means, and what to do" },
];

export const forVerifiers: readonly Link[] = [
  { path: "/.well-known/jwks.json", name: "Keys", about: "The public keys that verify access tokens (JWKS, RFC 7517)" },
  { path: "/.well-known/did.json", name: "DID document", about: "The same keys as the did:web of the service" },
  {
    path: "/.well-known/oauth-authorization-server",
    name: "OAuth discovery",
    about: "Endpoints and abilities for OAuth clients (RFC 8414)",
  },
  { path: "/.well-known/openid-configuration", name: "OpenID discovery", about: "The same for OpenID Connect clients" },
];

export const state: readonly Link[] = [
  { path: "/embed/controls", name: "Security controls", about: "Nine controls, measured every minute" },
  { path: "/api/v1/compliance/controls", name: "Controls as JSON", about: "The same for programs" },
  {
    path: "/tools/verify-audit-log.mjs",
    name: "Verifier of audit logs",
    about: "Checks an export of the audit log without the service",
  },
  { path: "/health", name: "Health", about: "Whether the service runs, and its version" },
];

const guide = (file: string, name: string, about: string): Link => ({ path: `/guides/${file}.md`, name, about });

/** Relative to `docs/`. */
export const guides: readonly Link[] = [
  {
    path: "/quick-start.md",
    name: "Quick start",
    about: "From a clone to a protected API, a revoked and an audited token",
  },
  { path: "/concepts.md", name: "Concepts", about: "What the words mean, and what is guaranteed" },
  guide("organizations", "Create organizations", "A tenant, its admins, a read-only auditor"),
  guide("register-an-agent", "Register an agent", "Give an agent an identity, and the authority that it needs"),
  guide("manage-credentials", "Manage credentials", "Create, rotate and revoke secrets"),
  guide("repeat-requests", "Repeat a request safely", "Send it again after a lost answer, without doing it twice"),
  guide("start-a-project", "Start a project", "A program of an agent, in your language"),
  guide("issue-and-revoke-tokens", "Issue and revoke tokens", "Sign in, introspect, revoke"),
  guide("protect-an-api", "Protect an API", "Check tokens in Node, Python or Go"),
  guide("mcp-server", "Protect an MCP server", "Let clients of the MCP SDK sign in"),
  guide("clients", "Client libraries", "Recipes for the OAuth and JWT libraries of several languages"),
  guide("github-actions", "GitHub Actions", "Sign in from a workflow without a stored secret"),
  guide("workload-identity", "Workload identity", "The same for Kubernetes, GitLab, or any OIDC issuer"),
  guide("a2a-delegation", "Delegate", "Let one agent act for another"),
  guide("resolve-a-did", "Resolve a DID", "Verify an agent and its tokens by its DID"),
  guide("federation", "Federate", "Verify the tokens of another company's agents"),
  guide("query-audit-logs", "Query audit logs", "See what happened, and verify that the log is intact"),
  guide("configure-webhooks", "Configure webhooks", "Receive events, and verify them"),
  guide("export-an-organization", "Export an organization", "Get all that is held of it, without secrets"),
  guide("embed-controls", "Show the security controls", "Put the state of the service on a page of your own"),
  guide("use-analytics", "Use the analytics", "How many tokens, when, and by which agents"),
  guide("agntcy-compliance", "Show that you comply", "Reports, agent cards and badges for other parties"),
  guide("manage-api-tiers", "Manage tiers and limits", "What a tier allows, and how to get more"),
];
