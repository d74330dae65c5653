import { expect, it } from "vitest";
import { call, newOrganization, theOperator } from "../../support/api.ts";

const time = "must be an ISO 8601 date-time such as 2026-01-31T09:30:00Z, or a date such as 2026-01-31";
const position = "must be a whole number from 0 to 999999999999999: the sequence of an event";

it.each([
  ["agentId=nobody", "agentId", "must be a UUID"],
  ["from=yesterday", "from", time],
  ["from=2026-02-30", "from", time],
  ["from=2026-01-31T09:30:00", "from", time],
  ["from=1767225600000", "from", time],
  ["to=2026-13-01T00:00:00Z", "to", time],
  ["to=", "to", time],
  ["from=2026-01-02&to=2026-01-01", "to", "must not be before from"],
  ["afterSequence=1", "afterSequence", "needs order=asc: only the oldest first can be followed without a gap"],
  [
    "afterSequence=0&order=desc",
    "afterSequence",
    "needs order=asc: only the oldest first can be followed without a gap",
  ],
  ["order=asc&afterSequence=-1", "afterSequence", position],
  ["order=asc&afterSequence=1.5", "afterSequence", position],
  ["order=asc&afterSequence=1e3", "afterSequence", position],
  ["order=asc&afterSequence=9007199254740993", "afterSequence", position],
  ["order=oldest", "order", "must be one of desc, asc"],
  ["target=", "target", "must have at least 1 character"],
  ["order=asc&cursor=e30", "cursor", "is not a cursor of this list"],
  ["limit=0", "limit", "must be a whole number from 1 to 100"],
  ["limit=101", "limit", "must be a whole number from 1 to 100"],
  ["cursor=e30", "cursor", "is not a cursor of this list"],
  ["cursor=%27%20OR%201%3D1--", "cursor", "is not a cursor of this list"],
])("GET /audit?%s names the parameter", async (query, path, message) => {
  const { token } = await theOperator();
  const { status, body } = await call(`/api/v1/audit?${query}`, { token });
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: "VALIDATION_ERROR", details: { issues: [{ path, message }] } });
});

it.each(["action=nothing.happened", "outcome=unknown", "from=2026-01-01&from=2026-01-02"])(
  "GET /audit?%s is refused",
  async (query) => {
    const { token } = await theOperator();
    const { status, body } = await call(`/api/v1/audit?${query}`, { token });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "VALIDATION_ERROR", details: { issues: [{ path: query.split("=")[0] }] } });
  },
);

it("a cursor of another organization opens nothing", async () => {
  const { token } = await theOperator();
  const other = await newOrganization();
  const { nextCursor } = (await call("/api/v1/audit?limit=1", { token: other.token })).body;
  expect(nextCursor).toEqual(expect.any(String));
  const { status, body } = await call(`/api/v1/audit?cursor=${nextCursor}`, { token });
  expect(status).toBe(400);
  expect(body.code).toBe("VALIDATION_ERROR");
});

it.each(["fromDate=yesterday", "toDate=tomorrow", "toDate=2026-01-01&fromDate=2026-01-02"])(
  "GET /audit/verify?%s names the parameter",
  async (query) => {
    const { token } = await theOperator();
    const { status, body } = await call(`/api/v1/audit/verify?${query}`, { token });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "VALIDATION_ERROR", details: { issues: [{ path: query.split("=")[0] }] } });
  },
);
