import { beforeAll, describe, expect, it } from "vitest";
import { encodeCursor } from "../../../src/platform/http/pagination.ts";
import { call, demotedToken, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { eventsOf } from "../audit/_log.ts";

let organization: Organization;
beforeAll(async () => {
  organization = await newOrganization();
});

const refusal = async (token: string, organizationId: string, query = "") => {
  const { status, body } = await call(`/api/v1/organizations/${organizationId}/export${query}`, { token });
  return [status, body.code];
};

describe("GET /organizations/{orgId}/export", () => {
  it("403 without admin:orgs, and for an agent that is no admin any more", async () => {
    const { organizationId, token } = organization;
    const grantedScopes = ["agents:read", "agents:write", "audit:read"];
    const member = await newClient(token, { grantedScopes });
    expect(await refusal(await tokenFor(member), organizationId)).toEqual([403, "FORBIDDEN"]);
    expect(await refusal(await demotedToken(organization), organizationId)).toEqual([403, "FORBIDDEN"]);
  });

  it("404 for another organization, for a deleted one and for none", async () => {
    const other = await newOrganization();
    for (const id of [other.organizationId, crypto.randomUUID()]) {
      expect(await refusal(organization.token, id)).toEqual([404, "ORGANIZATION_NOT_FOUND"]);
    }
  });

  it.each([
    ["no cursor", "x"],
    ["one of another list", { name: "agents" }],
    ["one of another organization", { organizationId: "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f" }],
    ["a section that does not exist", { position: { section: "outbox", after: null } }],
    ["one that is a property of every object", { position: { section: "toString", after: null } }],
    ["a position of another length", { position: { section: "agent_key", after: ["x"] } }],
    ["a position that is no number", { position: { section: "audit_event", after: ["x"] } }],
    ["a position in a section of one page", { position: { section: "usage", after: [1] } }],
  ])("400 for a cursor: %s", async (_, wrong) => {
    const { organizationId, token } = organization;
    const right = { name: "export", organizationId, position: { section: "agent", after: null } };
    const { name, organizationId: of, position } = { ...right, ...(typeof wrong === "string" ? {} : wrong) };
    const cursor = typeof wrong === "string" ? wrong : encodeCursor({ name, organizationId: of as never }, position);
    const answer = await refusal(token, organizationId, `?cursor=${cursor}`);
    expect(answer).toEqual([400, "VALIDATION_ERROR"]);
  });

  it.each(["limit", "format"])("400 that names a parameter that does not exist: %s", async (name) => {
    const { organizationId, token } = organization;
    const { status, body } = await call(`/api/v1/organizations/${organizationId}/export?${name}=1`, { token });
    expect([status, body.code, body.details.issues[0].path]).toEqual([400, "VALIDATION_ERROR", name]);
  });

  it("HEAD has the status and the headers of GET, and exports nothing", async () => {
    const { organizationId, token, slug } = organization;
    const head = (query = "") =>
      call(`/api/v1/organizations/${organizationId}/export${query}`, { method: "HEAD", token });
    const { status, headers, text } = await head();
    expect([status, text, headers.get("Content-Type")]).toEqual([200, "", "application/x-ndjson"]);
    expect(headers.get("Content-Disposition")).toBe(`attachment; filename="organization-${slug}.ndjson"`);
    expect((await head("?cursor=x")).status).toBe(400);
  });

  it("a refused request or a HEAD is no export in the log", async () => {
    expect(await eventsOf(organization.token, { action: "organization.exported" })).toEqual([]);
  });

  it("a cursor continues where it says, and the log says that, too", async () => {
    const { organizationId, token } = organization;
    const position = { section: "audit_event", after: [2] };
    const cursor = encodeCursor({ name: "export", organizationId: organizationId as never }, position);
    const { text } = await call(`/api/v1/organizations/${organizationId}/export?cursor=${cursor}`, { token });
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ type: "audit_event", sequence: 3 });
    expect(lines.at(-2)).toMatchObject({ action: "organization.exported", details: { from: "audit_event" } });
  });
});
