/**
 * Who holds a name: the organization whose record is there now. Records of both organizations stand at one DNS name, so one
 * look-up answers for both.
 */
import type { SQL } from "drizzle-orm";
import type { Caller } from "../../access/caller.ts";
import type { DomainEvent } from "../../events/catalogue.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import { nextVersion, previousChanged } from "../../platform/db/conditional.ts";
import { lookUpText } from "../../platform/dns/text-records.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { hourMs, isoOf } from "../../platform/time.ts";
import { isPublicSuffix, suffixesOf } from "./names.ts";
import { challengeName, publicDomain } from "./public-domain.ts";
import {
  type Domain,
  type DomainChange,
  deleteDomain,
  findOtherHolder,
  findParentInUse,
  noParentInUse,
  uniqueNames,
  updateDomain,
} from "./store.ts";

/** Between the first sight of the asker's record and the take-over, so that a moment's mistake in a zone moves nothing. */
const takeOverMs = hourMs;

const mostShown = 10;
const longestShown = 100;

type DomainAction = "domain.added" | "domain.verified" | "domain.contested" | "domain.lapsed" | "domain.removed";

/** An event about a domain, in the log of its organization. */
export function domainEvent(
  context: Context,
  caller: Caller | null,
  action: DomainAction,
  domain: Domain,
  details: DomainEvent["details"] = {},
): DomainEvent {
  return newEvent(context, actorOf(context, caller), {
    organizationId: domain.organizationId,
    action,
    agentId: null,
    target: domain.id,
    details: { domain: domain.domain, ...details },
    data: publicDomain(domain),
  });
}

/** Writes a change of one domain with its events; null when it changed since it was read. */
export async function writeDomain(
  context: Context,
  before: Domain,
  change: DomainChange,
  eventsOf: (after: Domain) => readonly DomainEvent[],
): Promise<Domain | null> {
  const updatedAt = nextVersion(context, before);
  const after: Domain = { ...before, ...change, updatedAt };
  return (await commitChange(context, [updateDomain(context, before, change, updatedAt)], eventsOf(after))) && after;
}

/** What makes a domain one that the organization holds. */
const held = (now: number): DomainChange => ({
  status: "verified",
  verifiedAt: now,
  lastCheckedAt: now,
  lastAnsweredAt: now,
  lapsedAt: null,
  misses: 0,
  lastMissDay: null,
  contestedAt: null,
});

/**
 * Makes the domain verified, and removes the row of who held the name before; null when another request was faster, or `also` does
 * not hold.
 */
export async function hold(
  context: Context,
  caller: Caller | null,
  domain: Domain,
  former: Domain | null,
  also?: SQL,
): Promise<Domain | null> {
  const updatedAt = nextVersion(context, domain);
  const isNew = domain.status !== "verified";
  const now = context.now();
  const change = { ...held(now), verifiedAt: isNew ? now : domain.verifiedAt };
  const after: Domain = { ...domain, ...change, updatedAt };
  const events = isNew ? [domainEvent(context, caller, "domain.verified", after)] : [];
  const removal = former && [deleteDomain(context, former, previousChanged)];
  const removed = former ? [domainEvent(context, null, "domain.removed", former, { reason: "taken_over" })] : [];
  try {
    const update = updateDomain(context, domain, change, updatedAt, also);
    const written = await commitChange(context, [update, ...(removal ?? [])], [...events, ...removed]);
    return written && after;
  } catch (error) {
    // Another organization was verified since: the next round sees it as the holder.
    if (violatesUnique(error, uniqueNames.oneHolder)) return null;
    throw error;
  }
}

/** The asker's record is there and the holder's is not: the holder's domain lapses, and the hour of the take-over begins. */
async function contest(context: Context, caller: Caller, domain: Domain, holder: Domain): Promise<Domain | null> {
  const now = context.now();
  const lapsed = { status: "lapsed" as const, lapsedAt: holder.lapsedAt ?? now };
  const contested = await writeDomain(context, holder, lapsed, (after) => [
    domainEvent(context, null, "domain.contested", after),
  ]);
  if (!contested) return null;
  return writeDomain(context, domain, { contestedAt: now, lastCheckedAt: now, lastAnsweredAt: now }, (after) => [
    domainEvent(context, caller, "domain.contested", after),
  ]);
}

function takenUntil(context: Context, contestedAt: number): Result<never> {
  const waitSeconds = Math.max(1, Math.ceil((contestedAt + takeOverMs - context.now()) / 1000));
  return problem(
    "DOMAIN_TAKEN",
    "Another organization held this domain; its record is gone. Verify again in an hour.",
    {
      details: { verifiableAt: isoOf(contestedAt + takeOverMs) },
      headers: { "Retry-After": String(waitSeconds) },
    },
  );
}

/** The asker's record was found. Decides between it and who holds the name, or a name above. */
async function decide(
  context: Context,
  caller: Caller,
  domain: Domain,
  values: readonly string[],
): Promise<Result<Domain> | null> {
  const above = suffixesOf(domain.domain).slice(1);
  const parent = await findParentInUse(context, domain, above);
  if (parent) {
    await writeDomain(context, parent, {}, (after) => [
      domainEvent(context, null, "domain.contested", after, { name: domain.domain }),
    ]);
    return problem("DOMAIN_IN_USE", "The organization that holds a name above uses it at or below this one.");
  }
  // Otherwise a resource that is registered meanwhile would lie under the domain of another organization.
  const free = noParentInUse(context, domain, above);
  const holder = await findOtherHolder(context, domain);
  if (!holder) {
    const written = await hold(context, caller, domain, null, free);
    return written && ok(written);
  }
  if (values.includes(holder.challenge)) {
    if (holder.status === "lapsed") await hold(context, null, holder, null);
    if (domain.contestedAt !== null) await writeDomain(context, domain, { contestedAt: null }, () => []);
    return problem("DOMAIN_TAKEN");
  }
  if (domain.contestedAt === null || holder.status === "verified") {
    const contested = await contest(context, caller, domain, holder);
    return contested && takenUntil(context, contested.contestedAt ?? context.now());
  }
  if (context.now() < domain.contestedAt + takeOverMs) return takenUntil(context, domain.contestedAt);
  const written = await hold(context, caller, domain, holder, free);
  return written && ok(written);
}

/**
 * Looks up the record of a domain and decides who holds the name.
 *
 * @returns the domain as it is then, or the reason; null when another request changed one of the rows meanwhile
 */
export async function proveDomain(context: Context, caller: Caller, domain: Domain): Promise<Result<Domain> | null> {
  if (domain.shared) return ok(domain);
  const text = await lookUpText(context.settings, challengeName(domain.domain));
  if (text.kind === "unknown") return problem("SERVICE_UNAVAILABLE", "The resolver does not answer; try again.");
  const expected = domain.challenge;
  if (text.kind === "alias") {
    return problem("DOMAIN_NOT_VERIFIED", "The name of the record is an alias; the record must be its own.", {
      details: { expected, alias: text.alias },
    });
  }
  if (isPublicSuffix(domain.domain) || !text.values.includes(expected)) {
    const found = text.values.slice(0, mostShown).map((value) => value.slice(0, longestShown));
    return problem("DOMAIN_NOT_VERIFIED", undefined, { details: { expected, found } });
  }
  return decide(context, caller, domain, text.values);
}
