/** The screens of agents in each of their states, with texts that break layouts. */
import { agent, ago, credential, delegation, delegationsOf, event, hostileAgent, pageOf, policy } from "./_agents.ts";
import { idOf, refusals } from "./_answers.ts";
import { expectEveryState, newStage, type Screen } from "./_console.ts";

const stage = newStage();
const id = idOf(7);
const title = hostileAgent.email;

expectEveryState(stage, {
  path: "/agents",
  title: "Agents",
  needs: "agents:read",
  answers: {
    "GET /agents": {
      data: [
        hostileAgent,
        agent(8, { status: "suspended" }),
        agent(9, { status: "decommissioned" }),
        ...Array.from({ length: 22 }, (_, index) => agent(10 + index)),
      ],
      nextCursor: "next",
    },
  },
  empty: { "GET /agents": pageOf() },
  shows: { filled: "First page, 25 agents", empty: "No agents yet" },
  prepare: async (page, state) => {
    if (state !== "filled") return;
    await page.getByRole("button", { name: "Choose all 23 active of this page" }).click();
    await page.getByRole("button", { name: "Suspend 23" }).waitFor();
  },
});

/** What stays the same in each tab is looked at once, in the first. */
const others = ["loading", "error", "forbidden", "overLimit"] as const;
const tab = (name: string, screen: Omit<Screen, "path" | "title">) =>
  expectEveryState(stage, {
    path: `/agents/${id}?tab=${name}`,
    title,
    without: others,
    ...screen,
    answers: { "GET /agents/{agentId}": hostileAgent, ...screen.answers },
  });

tab("summary", { answers: {} });

// Without the record the heading cannot have its e-mail.
expectEveryState(stage, { path: `/agents/${id}`, title: "Agent", answers: {}, without: ["filled"] });

tab("credentials", {
  answers: {
    "GET /agents/{agentId}/credentials": pageOf(
      credential(1),
      credential(2, { expiresAt: ago(-86_400 * 5), lastUsedAt: null }),
      credential(3, { status: "revoked", revokedAt: ago(60) }),
      credential(4, { status: "expired", expiresAt: ago(60) }),
    ),
  },
  empty: { "GET /agents/{agentId}/credentials": pageOf() },
  shows: { empty: "No credential yet" },
  prepare: async (page, state) => {
    if (state === "filled") await page.getByRole("button", { name: "Rotate" }).first().click();
    else await page.getByRole("button", { name: "Create a credential" }).click();
  },
});

tab("delegations", {
  answers: {
    "GET /agents/{agentId}": hostileAgent,
    "GET /oauth2/token/delegations": delegationsOf(
      delegation(1, { scopes: Array.from({ length: 20 }, (_, index) => `${"scope".repeat(8)}${index}:read`) }),
      delegation(2, { resource: `https://api.acme.example/${"path".repeat(40)}` }),
      delegation(3, { status: "expired" }),
    ),
  },
  empty: { "GET /oauth2/token/delegations": delegationsOf() },
  shows: { empty: "Nothing given" },
});

tab("activity", {
  answers: {
    "GET /audit": pageOf(
      event(3),
      event(2, { outcome: "failure", actor: { agentId: null, ip: "203.0.113.7", userAgent: "" } }),
      event(1, { actor: { agentId: idOf(1), ip: "203.0.113.7", userAgent: "" } }),
    ),
  },
  empty: { "GET /audit": pageOf() },
  shows: { empty: "No event" },
});

tab("trust", {
  answers: {
    "GET /oidc/trust-policies": pageOf(
      policy(1),
      policy(2, {
        provider: "oidc",
        issuer: "https://gitlab.example.com",
        claims: { project_path: "a/b", protected: true },
      }),
    ),
  },
  empty: { "GET /oidc/trust-policies": pageOf() },
  shows: { empty: "No trust policy" },
});

tab("identity", {
  answers: {
    "GET /agents/{agentId}/did/resolve": {
      "@context": "https://w3id.org/did-resolution/v1",
      didDocument: {
        id: hostileAgent.did,
        alsoKnownAs: [`did:web:idp.example.com:orgs:acme:agents:${id}`],
        authentication: [`${hostileAgent.did}#key-1`],
        agntcy: { owner: "word".repeat(32) },
      },
      didDocumentMetadata: { created: ago(7200), updated: ago(60), deactivated: false, versionId: "9".repeat(64) },
      didResolutionMetadata: { contentType: "application/did+json" },
    },
    "GET /agents/{agentId}/did/card": { did: hostileAgent.did, name: hostileAgent.email, agentType: "screener" },
    // No badge of this service: the browser says so.
    "GET /agents/{agentId}/badge": "eyJhbGciOiJub25lIn0.e30.",
  },
  shows: { filled: "not verified" },
});

tab("starter", { answers: {} });

expectEveryState(stage, {
  path: "/agents/register",
  title: "Register an agent",
  answers: {},
  without: ["loading", "error", "forbidden", "overLimit"],
  prepare: async (page) => {
    await page.getByText("Keys, tokens and the public list").click();
    await page.getByLabel("Signing key").selectOption("own");
  },
});

expectEveryState(stage, {
  path: `/agents/${id}/edit`,
  title: "Edit the agent",
  answers: { "GET /agents/{agentId}": hostileAgent, "PATCH /agents/{agentId}": refusals.changed },
  without: others,
  prepare: async (page) => {
    await page.getByLabel("Owner").fill("another team");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Save mine" }).waitFor();
  },
});
