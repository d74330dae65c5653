/** COMPLIANCE_ENABLED=false. */
import { beforeAll, describe, expect, it } from "vitest";
import { newAgent, newOrganization, type Organization } from "../../support/api.ts";
import { getWith } from "../../support/with-bindings.ts";

const off = { COMPLIANCE_ENABLED: "false" };

let organization: Organization;
beforeAll(async () => {
  organization = await newOrganization();
});

describe("with COMPLIANCE_ENABLED=false", () => {
  it.each(["report", "agent-cards", "agent-cards?format=oasf"])("/compliance/%s is not there", async (path) => {
    const { status, body } = await getWith(off, `/api/v1/compliance/${path}`, organization.token);
    expect([status, body.code]).toEqual([404, "COMPLIANCE_DISABLED"]);
    expect((await getWith(off, `/api/v1/compliance/${path}`)).status).toBe(401);
  });

  it("the verification of the audit log is there", async () => {
    const { status, body } = await getWith(off, "/api/v1/audit/verify", organization.token);
    expect([status, body.verified]).toEqual([200, true]);
  });

  it("so are the controls, badges, and the card in the DID document", async () => {
    const { agentId } = await newAgent(organization.token, { isPublic: true });
    for (const path of ["compliance/controls", `agents/${agentId}/badge`, `agents/${agentId}/did/card`]) {
      expect((await getWith(off, `/api/v1/${path}`)).status, path).toBe(200);
    }
  });
});

it("any other word than true and false stops the Worker", async () => {
  const { status, body } = await getWith({ COMPLIANCE_ENABLED: "no" }, "/api/v1/compliance/report");
  expect([status, body.message]).toEqual([503, "The Worker cannot start: COMPLIANCE_ENABLED must be true or false"]);
});
