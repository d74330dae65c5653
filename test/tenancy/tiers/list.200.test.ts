import { expect, it } from "vitest";
import { call } from "../../support/api.ts";

it("GET /tiers is public, and has the table of the tiers with null for unlimited", async () => {
  const { status, body, headers } = await call("/api/v1/tiers");
  expect(status).toBe(200);
  expect(headers.get("Cache-Control")).toBe("public, max-age=300");
  const tier = (
    name: string,
    agents: number | null,
    aDay: number | null,
    rate: number | null,
    burst: number | null,
  ) => ({
    tier: name,
    maxAgents: agents,
    maxCallsPerDay: aDay,
    maxTokensPerDay: aDay,
    requestsPerMinute: rate,
    burst,
    auditRetentionDays: 90,
  });
  expect(body).toEqual({
    tiers: [
      tier("free", 10, 1_000, 100, 100),
      tier("pro", 100, 50_000, 1_000, 300),
      tier("enterprise", null, null, null, null),
    ],
  });
});
