/** `METRICS_TOKEN` guards what tells of the inside. */
import { describe, expect, it } from "vitest";
import { monitoredApp } from "./_monitored-app.ts";

const token = "a-metrics-token-for-the-tests-only-0123456789";

const { send } = monitoredApp();

describe.each(["/metrics", "/health/detailed"])("GET %s", (path) => {
  it("answers 200 to whoever has METRICS_TOKEN", async () => {
    for (const authorization of [`Bearer ${token}`, `bearer  ${token}`]) {
      const answer = await send(path, { METRICS_TOKEN: token }, { Authorization: authorization });
      expect(answer.status, authorization).toBe(200);
    }
  });

  it("answers 401 without it, and to anything that is like it", async () => {
    const wrong = [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, "Bearer", `Basic ${btoa(`x:${token}`)}`, token];
    for (const authorization of [undefined, ...wrong]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
      const answer = await send(path, { METRICS_TOKEN: token }, headers);
      expect([answer.status, answer.body.code], authorization).toEqual([401, "UNAUTHORIZED"]);
      expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
      expect(answer.text).not.toContain("agentidp_");
    }
  });

  it("is open in development while no METRICS_TOKEN is set", async () => {
    expect((await send(path)).status).toBe(200);
  });

  it.each(["staging", "production"])("does not exist in %s while no METRICS_TOKEN is set", async (environment) => {
    const settings = { ISSUER: "https://idp.example.com", ENVIRONMENT: environment };
    for (const headers of [{}, { Authorization: `Bearer ${token}` }]) {
      const answer = await send(path, settings, headers);
      expect([answer.status, answer.body.code]).toEqual([404, "NOT_FOUND"]);
      expect(answer.text).not.toContain("agentidp_");
    }
    const authorized = { Authorization: `Bearer ${token}` };
    expect((await send(path, { ...settings, METRICS_TOKEN: token }, authorized)).status).toBe(200);
  });
});

it("a METRICS_TOKEN that somebody could guess stops the Worker", async () => {
  const answer = await send("/metrics", { METRICS_TOKEN: "short" });
  expect([answer.status, answer.body.message]).toEqual([
    503,
    "The Worker cannot start: METRICS_TOKEN must have at least 32 characters",
  ]);
});
