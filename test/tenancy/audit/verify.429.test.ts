import { afterEach, expect, it, vi } from "vitest";
import { call, newOrganization } from "../../support/api.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("an organization verifies 30 times a minute, and no other organization pays for it", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  const { token } = await newOrganization();
  const other = await newOrganization();
  for (let n = 0; n < 30; n++) {
    expect((await call("/api/v1/audit/verify", { token })).status).toBe(200);
    vi.setSystemTime(Date.now() + 1000);
  }
  const { status, body, headers } = await call("/api/v1/audit/verify", { token });
  expect(status).toBe(429);
  expect(body).toMatchObject({
    code: "RATE_LIMIT_EXCEEDED",
    message: "An organization may verify its audit log 30 times a minute.",
  });
  expect(headers.get("Retry-After")).toBe("30");
  expect((await call("/api/v1/audit/verify", { token: other.token })).status).toBe(200);
  vi.setSystemTime(Date.now() + 30_000);
  expect((await call("/api/v1/audit/verify", { token })).status).toBe(200);
});
