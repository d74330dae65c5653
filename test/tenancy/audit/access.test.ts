import { describe, expect, it } from "vitest";
import { call, newOrganization, theOperator, tokenFor } from "../../support/api.ts";
import { eventsOf } from "./_log.ts";

const absent = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

const paths = ["", "/verify", "/checkpoints", "/export", `/${absent}`].map((path) => `/api/v1/audit${path}`);

describe.each(paths)("GET %s", (path) => {
  it("401 without a token", async () => {
    const { status, body } = await call(path);
    expect(status).toBe(401);
    expect(body.code).toBe("UNAUTHORIZED");
  });

  it("403 with a token that lacks audit:read", async () => {
    const token = await tokenFor(await theOperator(), { scope: "agents:read agents:write admin:orgs tokens:read" });
    const { status, body } = await call(path, { token });
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "audit:read" } });
  });
});

describe("GET /audit/{eventId}", () => {
  it("200 with the event, as the list shows it", async () => {
    const { token } = await newOrganization();
    const [event] = await eventsOf(token);
    const answer = await call(`/api/v1/audit/${event.eventId}`, { token });
    expect(answer.status).toBe(200);
    expect(answer.body).toStrictEqual(event);
  });

  it("400 for what is no id", async () => {
    const { token } = await newOrganization();
    const { status, body } = await call("/api/v1/audit/first", { token });
    expect(status).toBe(400);
    expect(body.code).toBe("VALIDATION_ERROR");
  });

  it("404 for an id that never was, and the same for another organization's event", async () => {
    const { token } = await newOrganization();
    const other = await newOrganization();
    const [foreign] = await eventsOf(other.token);
    const answers = [absent, foreign.eventId].map(async (eventId) => {
      const { status, body } = await call(`/api/v1/audit/${eventId}`, { token });
      expect(body.requestId).toEqual(expect.any(String));
      return { status, body: { ...body, requestId: "" } };
    });
    const expected = {
      status: 404,
      body: {
        code: "AUDIT_EVENT_NOT_FOUND",
        message: "Your organization's audit log has no event with this id.",
        hint: "Check the id.",
        docs: "http://localhost:8787/errors#AUDIT_EVENT_NOT_FOUND",
        requestId: "",
      },
    };
    expect(await Promise.all(answers)).toStrictEqual([expected, expected]);
  });
});
