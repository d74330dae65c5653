/** The write routes of organizations and members. */
import { expect } from "vitest";
import { adminToken, call, newOrganization, type Organization, theOperator, unique } from "../../support/api.ts";
import type { Scenario, Scenarios } from "../support/attack.ts";
import { handOver, scheduledRun } from "../support/background.ts";
import { bindings } from "../support/faults.ts";
import { inOrganization, inSharedOrganization, namesIn, subscribe } from "../support/organization.ts";
import { snapshotOf } from "../support/snapshot.ts";
import { newSubject, use } from "./agents.ts";

/** What the operator's audit log says of an organization, which another log than its own may tell of, too. */
async function toldToOperator(organizationId: string): Promise<string[]> {
  const { results } = await bindings.DB.prepare(
    "SELECT action || ' ' || outcome AS told FROM audit_events WHERE target = ?1 AND organization_id <> ?1 ORDER BY 1",
  )
    .bind(organizationId)
    .all<{ told: string }>();
  return results.map(({ told }) => `operator: ${told}`);
}

/** What waits of these organizations is handed on, as the queue does it; the ledgers write down what they have. */
async function settle(organizationIds: readonly string[]): Promise<void> {
  await handOver(
    bindings,
    organizationIds.map((relay) => ({ relay })),
  );
  for (const id of organizationIds) {
    const ledger = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(id)) as unknown as { flush(): Promise<void> };
    await ledger.flush();
  }
}

const creation: Pick<Scenario, "world"> = {
  async world() {
    const operator = await theOperator();
    const slug = unique("made");
    const json = { name: slug, slug, adminEmail: `admin@${slug}.example` };
    return {
      path: "/api/v1/organizations",
      call: { token: await adminToken(operator), json },
      async state() {
        const { results } = await bindings.DB.prepare("SELECT id FROM organizations WHERE slug = ?")
          .bind(slug)
          .all<{ id: string }>();
        await settle([operator.organizationId, ...results.map(({ id }) => id)]);
        const names = new Map([[slug, "slug"]]);
        const states = results.map(async ({ id }) => [
          ...(await snapshotOf(id, new Map([[id, "organization"], ...names]))),
          ...(await toldToOperator(id)),
        ]);
        return (await Promise.all(states)).flat();
      },
    };
  },
};

/** What the operator does to an organization which takes every token of it. */
const takingBack = (method: string, json?: unknown): Pick<Scenario, "world"> => ({
  async world() {
    const operator = await theOperator();
    const organization = await newOrganization();
    await subscribe(organization);
    const { organizationId } = organization;
    const path = `/api/v1/organizations/${organizationId}`;
    return {
      path,
      call: { method, token: await adminToken(operator), ...(json === undefined ? {} : { json }) },
      async state() {
        expect(await use(organization.token)).toBe(401);
        await settle([operator.organizationId, organizationId]);
        return [
          ...(await snapshotOf(organizationId, namesIn(organization))),
          ...(await toldToOperator(organizationId)),
        ];
      },
    };
  },
});

/** The operator accepts that two events of an organization are lost. */
const gap: Pick<Scenario, "world"> = {
  async world() {
    const operator = await theOperator();
    const organization = await newOrganization();
    const { organizationId, token } = organization;
    await settle([organizationId]);
    const lost = "DELETE FROM audit_events WHERE organization_id = ? AND sequence IN (2, 3)";
    await bindings.DB.prepare(lost).bind(organizationId).run();
    const json = { organizationId, fromSequence: 2, toSequence: 3, reason: "A restore" };
    return {
      path: "/api/v1/audit/gaps",
      call: { token: await adminToken(operator), json },
      async state() {
        // Signs what a failure has left unsigned.
        await scheduledRun(bindings);
        await settle([operator.organizationId, organizationId]);
        const { body } = await call("/api/v1/audit/verify", { token });
        expect(body).toMatchObject({ verified: true, gaps: [{ fromSequence: 2, toSequence: 3 }] });
        const [signed] = (await call("/api/v1/audit/checkpoints?limit=1", { token })).body.data;
        expect(signed.eventId).toBe(body.gaps[0].eventId);
        return [
          ...(await snapshotOf(organizationId, namesIn(organization))),
          ...(await toldToOperator(organizationId)),
        ].map((line) => line.replace(/\b[0-9a-f]{64}\b/g, "hash"));
      },
    };
  },
};

const pathOf = ({ organizationId }: Organization) => `/api/v1/organizations/${organizationId}`;

export const organizationScenarios: Scenarios = {
  createOrganization: creation,

  changeOrganization: inOrganization(async (organization) => {
    await subscribe(organization);
    return {
      path: pathOf(organization),
      call: { method: "PATCH", token: organization.token, json: { name: "Another name" } },
    };
  }),

  "changeOrganization: suspend": takingBack("PATCH", { status: "suspended" }),

  deleteOrganization: takingBack("DELETE"),

  acceptAuditGap: gap,

  setMember: inSharedOrganization("observed", async (organization) => {
    const { agentId, names } = await newSubject(organization);
    const json = { agentId, role: "admin" };
    return { path: `${pathOf(organization)}/members`, call: { token: organization.token, json }, names };
  }),

  removeMember: inSharedOrganization("observed", async (organization) => {
    const { agentId, names } = await newSubject(organization);
    const path = `${pathOf(organization)}/members/${agentId}`;
    return { path, call: { method: "DELETE", token: organization.token }, names };
  }),
};

/** The chain that all of it was told to. */
export async function expectOperatorsChainVerifies(): Promise<void> {
  const answer = await call("/api/v1/audit/verify", { token: await adminToken(await theOperator()) });
  expect(answer.body, answer.text).toMatchObject({ verified: true, brokenAtEventId: null });
}
