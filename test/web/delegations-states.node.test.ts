/** The screens of delegations in each of their states, with texts that break layouts. */
import { agent, ago, delegation, delegationsOf, hostileAgent } from "./_agents.ts";
import { idOf } from "./_answers.ts";
import { expectEveryState, newStage } from "./_console.ts";

const stage = newStage();
const others = ["loading", "error", "forbidden", "overLimit"] as const;

const many = Array.from({ length: 20 }, (_, index) => `${"scope".repeat(8)}${index}:read`);
const lent = delegationsOf(
  delegation(1, { scopes: many }),
  delegation(2, { resource: `https://api.acme.example/${"path".repeat(40)}` }),
  delegation(3, { status: "expired", expiresAt: ago(60) }),
  delegation(4, { status: "revoked", revokedAt: ago(60) }),
  ...Array.from({ length: 21 }, (_, index) => delegation(10 + index, { delegatorAgentId: idOf(index % 4) })),
);

expectEveryState(stage, {
  path: "/delegations",
  title: "Delegations",
  needs: "agents:read",
  answers: { "GET /oauth2/token/delegations": { ...lent, nextCursor: "next" } },
  empty: { "GET /oauth2/token/delegations": delegationsOf() },
  shows: { filled: "First page, 25 delegations", empty: "No delegations yet" },
});

expectEveryState(stage, {
  path: "/delegations?tab=graph",
  title: "Delegations",
  answers: { "GET /oauth2/token/delegations": lent },
  empty: { "GET /oauth2/token/delegations": { ...lent, nextCursor: "next" } },
  without: others,
  shows: { filled: /25 delegations by/, empty: "More than 200 delegations" },
});

expectEveryState(stage, {
  path: "/delegations/new",
  title: "Lend scopes",
  answers: { "GET /agents": { data: [hostileAgent, agent(8)], nextCursor: "next" } },
  without: ["empty", ...others],
  prepare: async (page) => {
    await page.getByLabel("To the agent").fill("acme");
    await page.getByText("More match").waitFor();
    await page.getByRole("button", { name: "Lend", exact: true }).click();
    await page.getByText("Choose at least one scope").first().waitFor();
  },
});

expectEveryState(stage, {
  path: "/delegations/check",
  title: "Check a delegation token",
  answers: {
    "POST /oauth2/token/verify-delegation": { valid: true, ...delegation(1, { scopes: many }) },
    "GET /agents/{agentId}": hostileAgent,
  },
  without: ["empty", ...others],
  prepare: async (page) => {
    await page.getByLabel("Delegation token").fill("sa_del_token");
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByRole("heading", { name: "It is valid" }).waitFor();
  },
});
