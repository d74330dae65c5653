/** Worlds that are an organization, with somebody who is told of everything that happens in it. */
import { expect } from "vitest";
import { call, newOrganization, type Organization } from "../../support/api.ts";
import type { Scenario, World } from "./attack.ts";
import { snapshotOf } from "./snapshot.ts";

export const hookUrl = "https://hooks.example.com/in";

const events = [
  "agent.created",
  "agent.updated",
  "agent.suspended",
  "agent.decommissioned",
  "agent.erased",
  "credential.generated",
  "credential.rotated",
  "credential.revoked",
  "delegation.created",
  "delegation.revoked",
  "tier.changed",
];

/** Subscribes a receiver to what happens in an organization; answers with the subscription's id. */
export async function subscribe({ token }: Organization): Promise<string> {
  const answer = await call("/api/v1/webhooks", { token, json: { name: "Everything", url: hookUrl, events } });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.id;
}

/** A request about an organization, and what to call its ids, so that worlds can be compared. */
export interface Attempt extends Omit<World, "state"> {
  readonly names?: Readonly<Record<string, string>>;
  /** What must be so at the end, seen from outside; comes before the state is taken. */
  readonly check?: () => Promise<void>;
}

/** The names of the ids in an organization's state. */
export function namesIn(organization: Organization, names: Attempt["names"] = {}): ReadonlyMap<string, string> {
  const { organizationId, agentId, credentialId, slug } = organization;
  const own = { [organizationId]: "organization", [agentId]: "admin", [credentialId]: "credential", [slug]: "slug" };
  return new Map(Object.entries({ ...own, ...names }));
}

/** A scenario in an organization of its own, whose audit log must verify at the end. */
export function inOrganization(
  prepare: (organization: Organization) => Promise<Attempt>,
  fields: Record<string, unknown> = {},
): Pick<Scenario, "world"> {
  return {
    async world() {
      const organization = await newOrganization(fields);
      const { names, check, ...attempt } = await prepare(organization);
      const { organizationId, token } = organization;
      return {
        ...attempt,
        async state() {
          await check?.();
          const read = await call("/api/v1/audit?limit=1", { token });
          expect(read.status, read.text).toBe(200);
          const verification = await call("/api/v1/audit/verify", { token });
          expect(verification.body, verification.text).toMatchObject({ verified: true, brokenAtEventId: null });
          return snapshotOf(organizationId, namesIn(organization, names));
        },
      };
    },
  };
}
