/** The screens of an organization in each of their states, with texts that break layouts. */
import { agent, ago, hostileAgent, markup, pageOf, policy, turned } from "./_agents.ts";
import { idOf, refusals } from "./_answers.ts";
import { expectEveryState, newStage, type Screen } from "./_console.ts";

const stage = newStage();
const others = ["loading", "error", "forbidden", "overLimit"] as const;

const organization = {
  organizationId: idOf(2),
  name: `${markup}${turned}${"x".repeat(60)}`,
  slug: "operator",
  planTier: "enterprise",
  maxAgents: null,
  maxTokensPerMonth: null,
  status: "active",
  createdAt: ago(86_400),
  updatedAt: ago(60),
};

const domain = (name: string, status: string, fields: Record<string, unknown> = {}) => ({
  organizationId: idOf(2),
  domain: name,
  status,
  challenge: { type: "dns-txt", name: `_agentidp.${name}`, value: `agentidp-verify=${"v".repeat(43)}` },
  createdAt: ago(86_400),
  verifiedAt: status === "pending" ? null : ago(3600),
  lastCheckedAt: ago(60),
  lapsedAt: status === "lapsed" ? ago(30) : null,
  ...fields,
});

const resource = {
  resourceId: idOf(30),
  organizationId: idOf(2),
  identifier: `https://api.acme.example/${"path".repeat(60)}`,
  name: `${markup}${turned}`,
  scopes: Array.from({ length: 30 }, (_, at) => ({ name: `scope-${at}:read`, description: "d".repeat(120) })),
  allowedOrganizations: [{ organizationId: idOf(40), scopes: ["scope-1:read"] }],
  servers: [idOf(8)],
  tokenTtlSeconds: 300,
  requireDpop: true,
  status: "active",
  createdAt: ago(86_400),
  updatedAt: ago(60),
};

const partner = {
  partnerId: idOf(50),
  name: `${markup}${turned}`,
  issuer: `https://${"label.".repeat(20)}example`,
  jwksUri: null,
  jwks: null,
  audiences: ["https://api.acme.example/"],
  requireScopes: true,
  allowedOrganizations: null,
  status: "suspended",
  expiresAt: ago(-86_400),
  createdAt: ago(86_400),
  updatedAt: ago(60),
};

const tab = (name: string, screen: Omit<Screen, "path" | "title">) =>
  expectEveryState(stage, { path: `/organization?tab=${name}`, title: "Organization", without: others, ...screen });

expectEveryState(stage, {
  path: "/organization",
  title: "Organization",
  answers: { "GET /organizations/{orgId}": organization, "PATCH /organizations/{orgId}": refusals.changed },
  prepare: async (page, state) => {
    if (state !== "filled") return;
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByLabel("Name").fill("Acme");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Save mine" }).waitFor();
  },
});

tab("members", {
  answers: {
    "GET /organizations/{orgId}/members": pageOf(
      { agentId: idOf(1), role: "admin" },
      { agentId: idOf(7), role: "member" },
    ),
    "GET /agents/{agentId}": hostileAgent,
  },
  empty: { "GET /organizations/{orgId}/members": pageOf() },
  shows: { empty: "No members" },
});

tab("domains", {
  answers: {
    "GET /organizations/{orgId}/domains": pageOf(
      domain("acme.example", "verified"),
      domain(`${"label.".repeat(30)}example`, "pending"),
      domain("lapsed.example", "lapsed"),
    ),
  },
  empty: { "GET /organizations/{orgId}/domains": pageOf() },
  shows: { empty: "No domains yet" },
});

tab("resources", {
  answers: {
    "GET /resources": { data: [resource, { ...resource, resourceId: idOf(31), name: "Resumes" }], nextCursor: "next" },
  },
  empty: { "GET /resources": pageOf() },
  shows: { empty: "No resources yet" },
});

tab("trust", {
  answers: {
    "GET /oidc/trust-policies": pageOf(
      policy(1),
      policy(2, { provider: "oidc", issuer: "https://gitlab.example.com", claims: { project_path: "a/b" } }),
    ),
    "GET /agents/{agentId}": hostileAgent,
  },
  empty: { "GET /oidc/trust-policies": pageOf() },
  shows: { empty: "No trust policies yet" },
});

tab("partners", {
  answers: { "GET /federation/partners": pageOf(partner), "POST /federation/verify": { valid: false } },
  empty: { "GET /federation/partners": pageOf() },
  shows: { empty: "No partners yet" },
  prepare: async (page, state) => {
    if (state !== "filled") return;
    await page.getByLabel("Access token").fill("token");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("It is not valid").waitFor();
  },
});

expectEveryState(stage, {
  path: `/organization/resources/${idOf(30)}`,
  title: resource.name,
  answers: { "GET /resources/{resourceId}": resource },
  without: ["empty", ...others],
});

expectEveryState(stage, {
  path: `/organization/partners/${idOf(50)}`,
  title: partner.name,
  answers: { "GET /federation/partners/{partnerId}": partner },
  without: ["empty", ...others],
});

expectEveryState(stage, {
  path: "/organization/resources/new",
  title: "Register a resource",
  answers: {},
  without: ["empty", ...others],
});

expectEveryState(stage, {
  path: "/organization/partners/new",
  title: "Trust a partner",
  answers: {},
  without: ["empty", ...others],
});

expectEveryState(stage, {
  path: "/organization/trust/new",
  title: "Add a trust policy",
  answers: { "GET /agents": { data: [hostileAgent, agent(8)], nextCursor: "next" } },
  without: ["empty", ...others],
  prepare: async (page) => {
    await page.getByLabel("Workload").selectOption("oidc");
    await page.getByLabel("Sample token").fill(JSON.stringify({ iss: `https://${"label.".repeat(30)}example` }));
    await page.getByText("It is of another issuer.").waitFor();
    await page.getByLabel("Signs in as the agent").fill("acme");
    await page.getByText("More match").waitFor();
  },
});
