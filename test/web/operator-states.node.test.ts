/** The operator's screens in each of their states, with texts that break layouts. */
import { ago, markup, pageOf, turned } from "./_agents.ts";
import { idOf } from "./_answers.ts";
import { expectEveryState, newStage } from "./_console.ts";

const stage = newStage();
const others = ["loading", "error", "forbidden", "overLimit"] as const;

const organization = (number: number, fields: Record<string, unknown> = {}) => ({
  organizationId: idOf(number),
  name: `Customer ${number}`,
  slug: `customer-${number}`,
  planTier: "pro",
  maxAgents: null,
  maxTokensPerMonth: 5000,
  status: "active",
  createdAt: ago(86_400 * number),
  updatedAt: ago(60),
  ...fields,
});

const hostile = organization(70, {
  name: `${markup}${turned}${"x".repeat(80)}`,
  slug: "s".repeat(60),
  status: "suspended",
});

expectEveryState(stage, {
  path: "/operator",
  title: "Operator",
  needs: "admin:orgs",
  answers: {
    "GET /organizations": {
      data: [hostile, organization(2), ...Array.from({ length: 23 }, (_, index) => organization(71 + index))],
      nextCursor: "next",
    },
  },
  shows: { filled: "First page, 25 organizations" },
});

expectEveryState(stage, {
  path: "/operator?tab=keys",
  title: "Operator",
  // The published keys are those of the Worker.
  answers: {},
  without: ["empty", ...others],
  shows: { filled: "ES256" },
  prepare: async (page) => {
    await page.getByRole("button", { name: "A key is compromised" }).click();
    await page.getByText("every token of every organization").waitFor();
  },
});

expectEveryState(stage, {
  path: `/operator/organizations/${idOf(70)}`,
  title: hostile.name,
  answers: { "GET /organizations/{orgId}": hostile },
  without: ["empty", ...others],
});

expectEveryState(stage, {
  path: "/operator/organizations/new",
  title: "Create an organization",
  answers: { "GET /organizations": pageOf() },
  without: ["empty", ...others],
  prepare: async (page) => {
    await page.getByLabel("Name").fill("Acme");
    await page.getByLabel("Slug").fill("acme");
    await page.getByLabel("E-mail of the first admin").fill("admin@acme.example");
    await page.getByLabel("Most agents").fill("many");
    await page.getByRole("button", { name: "Create the organization" }).click();
    await page.getByText("must be a whole number, or empty").waitFor();
  },
});
