/** Worlds that are an organization, with somebody who is told of everything that happens in it. */
import { expect } from "vitest";
import { call, newOrganization, type Organization } from "../../support/api.ts";
import type { Scenario, World } from "./attack.ts";
import { comparable, rowsOf, snapshotOf } from "./snapshot.ts";

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

/** The audit log must verify, once whatever waits has been handed on. */
async function expectVerified({ token }: Organization): Promise<void> {
  const verification = await call("/api/v1/audit/verify", { token });
  expect(verification.body, verification.text).toMatchObject({ verified: true, brokenAtEventId: null });
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
      return {
        ...attempt,
        async state() {
          await check?.();
          await expectVerified(organization);
          return snapshotOf(organization.organizationId, namesIn(organization, names));
        },
      };
    },
  };
}

/** An organization in which one world comes after the other. */
interface Shared {
  readonly organization: Organization;
  /** Its rows after the last world; null while a world is in use, or was given up. */
  rows: ReadonlySet<string> | null;
  worlds: number;
}

/** So few that the log stays short, and that the limit of 30 verifications a minute is not reached. */
const worldsAtMost = 12;

const shared: Record<"observed" | "unobserved", Shared | null> = { observed: null, unobserved: null };

async function newShared(kind: keyof typeof shared): Promise<Shared> {
  const organization = await newOrganization();
  if (kind === "observed") await subscribe(organization);
  // What its making left to be written later is written now.
  await expectVerified(organization);
  return { organization, rows: await rowsOf(organization.organizationId), worlds: 0 };
}

/**
 * A scenario that makes what it changes, inside an organization that other worlds have used before. Its state is what is different
 * from the end of the world before: new rows, and rows that are gone.
 *
 * @param kind `observed`: a receiver is subscribed to everything that happens
 */
export function inSharedOrganization(
  kind: keyof typeof shared,
  prepare: (organization: Organization) => Promise<Attempt>,
): Pick<Scenario, "world"> {
  return {
    async world() {
      const present = shared[kind];
      const place = present?.rows && present.worlds < worldsAtMost ? present : await newShared(kind);
      shared[kind] = place;
      const before = place.rows ?? new Set();
      place.rows = null;
      place.worlds += 1;
      const { organization } = place;
      const { names, check, ...attempt } = await prepare(organization);
      return {
        ...attempt,
        async state() {
          await check?.();
          await expectVerified(organization);
          const rows = await rowsOf(organization.organizationId);
          place.rows = rows;
          const known = namesIn(organization, names);
          const made = [...rows].filter((row) => !before.has(row));
          const gone = [...before].filter((row) => !rows.has(row));
          return [...comparable(made, known), ...comparable(gone, known).map((row) => `gone: ${row}`)];
        },
      };
    },
  };
}
