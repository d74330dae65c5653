import { beforeAll, describe, expect, it } from "vitest";
import { call, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";

let organization: Organization;
beforeAll(async () => {
  organization = await newOrganization();
});

const daily = ["tokens", "credentials/rotations", "calls"];
const all = [...daily, "agents", "agents/activity"];

describe("days", () => {
  it.each(daily)("of %s is 30 when nothing is said", async (path) => {
    const { body } = await call(`/api/v1/analytics/${path}`, { token: organization.token });
    expect([body.tenantId, body.days]).toEqual([organization.organizationId, 30]);
  });

  it.each(daily)("of %s may be 1 and 90", async (path) => {
    for (const days of [1, 90]) {
      const { status, body } = await call(`/api/v1/analytics/${path}?days=${days}`, { token: organization.token });
      expect([status, body.days]).toEqual([200, days]);
    }
  });

  it.each(daily)("of %s that is no whole number from 1 to 90 is refused", async (path) => {
    for (const days of ["0", "91", "-1", "1.5", "030", "1e1", "thirty", "", "90 "]) {
      const { status, body } = await call(`/api/v1/analytics/${path}?${new URLSearchParams({ days })}`, {
        token: organization.token,
      });
      expect([status, body.code], days).toEqual([400, "VALIDATION_ERROR"]);
      expect(body.details.issues).toEqual([
        { path: "days", message: "must be a whole number from 1 to 90", received: days },
      ]);
    }
  });

  it("that come twice are refused", async () => {
    const { status, body } = await call("/api/v1/analytics/tokens?days=7&days=8", { token: organization.token });
    expect([status, body.details.issues[0].path]).toEqual([400, "days"]);
  });
});

describe("access", () => {
  it.each(all)("to %s takes a live access token, and any scope will do", async (path) => {
    const refused = await call(`/api/v1/analytics/${path}`);
    expect([refused.status, refused.body.code]).toEqual([401, "UNAUTHORIZED"]);
    const agent = await newClient(organization.token);
    const answer = await call(`/api/v1/analytics/${path}`, { token: await tokenFor(agent, { scope: "agents:read" }) });
    expect([answer.status, answer.body.tenantId]).toEqual([200, organization.organizationId]);
  });
});
