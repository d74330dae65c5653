/** What is counted as a call: the same in the analytics as for the limit of the day, whatever the call is answered. */
import { expect, it } from "vitest";
import { type Body, call, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { analytics } from "./_recount.ts";

type Cell = { readonly route: string; readonly statusClass: string; readonly count: number };

/** The calls of an organization, those of this very look left out. */
async function callsOf(token: string): Promise<Record<string, number>> {
  const { data } = await analytics(token, "calls?days=1");
  const cells = (data as Cell[]).filter(({ route }) => route !== "/api/v1/analytics/calls");
  return Object.fromEntries(cells.map(({ route, statusClass, count }) => [`${route} ${statusClass}`, count]));
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);

/** Calls of every kind, and what is none. */
async function traffic(organization: Organization): Promise<void> {
  const { token } = organization;
  const basic = await newClient(token, { grantedScopes: ["tokens:read", "audit:read"] });
  const weak = await tokenFor(basic, { scope: "tokens:read" });
  const ask = async (path: string, status: number, init: Parameters<typeof call>[1] = {}) =>
    expect((await call(`/api/v1/${path}`, init)).status, path).toBe(status);

  await ask("agents", 200, { token });
  await ask("agents?limit=none", 400, { token });
  await ask("agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", 404, { token });
  // Let in, and then found to lack the scope.
  await ask("agents", 403, { token: weak });
  await ask("token/introspect", 200, { token: weak, form: { token } });
  await ask("token/introspect", 200, { basic, form: { token } });
  await ask("token/introspect", 200, { token: await tokenFor(basic, { scope: "audit:read" }), form: { token } });
  await ask("token/revoke", 200, { basic, form: { token: weak } });
  await ask("tiers/status", 200, { token });

  // Not let in, a token request, a public document.
  await ask("agents", 401, { token: weak });
  await ask("token/introspect", 401, { basic: { ...basic, clientSecret: "wrong" }, form: { token } });
  await ask("token", 400, { basic, form: { grant_type: "client_credentials", scope: "no:such" } });
  await ask("tiers", 200);
}

it("every call that is let in, and nothing else", async () => {
  const organization = await newOrganization();
  const { token } = organization;
  await traffic(organization);
  const expected = {
    "/api/v1/agents 2xx": 2,
    "/api/v1/agents 4xx": 2,
    "/api/v1/agents/{agentId} 4xx": 1,
    "/api/v1/agents/{agentId}/credentials 2xx": 1,
    "/api/v1/token/introspect 2xx": 3,
    "/api/v1/token/revoke 2xx": 1,
    "/api/v1/tiers/status 2xx": 1,
  };
  // Calls are handed to the ledger about a second after their answers.
  let looks = 0;
  await expect
    .poll(
      () => {
        looks += 1;
        return callsOf(token);
      },
      { interval: 500, timeout: 20_000 },
    )
    .toEqual(expected);
  const { usage }: Body = (await call("/api/v1/tiers/status", { token })).body;
  expect(usage.callsToday).toBe(sum(expected) + looks + 1);
});
