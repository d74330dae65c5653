/** The daily look at every domain: whether its record is still there. Runs in slices from the Cron Trigger. */
import { commitChange } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { lookUpText } from "../../platform/dns/text-records.ts";
import { log } from "../../platform/log.ts";
import { inBudget, type Run, type ScheduledPart } from "../../platform/scheduled.ts";
import { dayMs, dayOf } from "../../platform/time.ts";
import { isPublicSuffix } from "./names.ts";
import { challengeName } from "./public-domain.ts";
import { type Domain, deleteDomain, domainsToCheck, findOtherHolder, type SomeDomains, stalePending } from "./store.ts";
import { domainEvent, hold, writeDomain } from "./verification.ts";

/** Domains in one run, and how many of them at once. */
const mostInRun = 100;
const width = 10;
/** A change with its events, and their relay. A domain whose record is there needs one. */
const queriesOfCheck = 8;
const queriesOfRemoval = 8;
/** Days in a row without the record until the domain lapses. */
const missesAllowed = 3;
/** How long a silent resolver changes nothing. */
const silenceMs = 30 * dayMs;
/** How long a domain may wait to be verified. */
const pendingMs = 14 * dayMs;

async function lapse(context: Context, domain: Domain, change: Partial<Domain>): Promise<void> {
  const lapsed = { ...change, status: "lapsed" as const, lapsedAt: domain.lapsedAt ?? context.now() };
  const isNew = domain.status !== "lapsed";
  await writeDomain(context, domain, lapsed, (after) =>
    isNew ? [domainEvent(context, null, "domain.lapsed", after)] : [],
  );
}

/** The resolver says that the record is not there. Only misses of different days count. */
async function miss(context: Context, domain: Domain): Promise<void> {
  const now = context.now();
  const day = dayOf(now);
  const misses = domain.lastMissDay === day ? domain.misses : domain.misses + 1;
  const change = { misses, lastMissDay: day, lastCheckedAt: now, lastAnsweredAt: now };
  if (misses >= missesAllowed) return lapse(context, domain, change);
  await writeDomain(context, domain, change, () => []);
}

async function checkDomain(context: Context, domain: Domain): Promise<void> {
  const now = context.now();
  const text = await lookUpText(context.settings, challengeName(domain.domain));
  if (text.kind === "unknown") {
    const lastAnsweredAt = domain.lastAnsweredAt ?? domain.verifiedAt ?? domain.createdAt;
    if (now - lastAnsweredAt > silenceMs) return lapse(context, domain, { lastCheckedAt: now });
    await writeDomain(context, domain, { lastCheckedAt: now }, () => []);
    return;
  }
  const isThere = text.kind === "records" && text.values.includes(domain.challenge) && !isPublicSuffix(domain.domain);
  if (!isThere) return miss(context, domain);
  const otherHolds = domain.status === "lapsed" && (await findOtherHolder(context, domain))?.status === "verified";
  if (otherHolds) await writeDomain(context, domain, { lastCheckedAt: now, lastAnsweredAt: now }, () => []);
  else await hold(context, null, domain, null);
}

/**
 * Does the work for each domain, while there are queries for it. A domain that fails waits for the next run.
 *
 * @returns the number of domains that wait for the next run
 */
async function forEachDomain(
  context: Context,
  run: Run,
  queriesEach: number,
  { domains, total }: SomeDomains,
  work: (domain: Domain) => Promise<unknown>,
): Promise<number> {
  let done = 0;
  await inBudget(run, { queriesEach, width }, domains, async (domain) => {
    try {
      await work(domain);
      done += 1;
    } catch (error) {
      log.error(context, "a domain waits for the next run", { domainId: domain.id, error });
    }
  });
  return total - done;
}

/** Checks domains that were checked a day ago or earlier. Does nothing where no resolver is set. */
export const checkDomains: ScheduledPart = {
  name: "domain_checks",
  queries: 60,
  async run(context, run) {
    const { dnsResolver, dnsStaticRecords } = context.settings;
    if (dnsResolver === null && dnsStaticRecords === null) return 0;
    const due = await domainsToCheck(context, context.now() - dayMs, mostInRun);
    return forEachDomain(context, run, queriesOfCheck, due, (domain) => checkDomain(context, domain));
  },
};

/** Removes domains that were added two weeks ago and never proved. */
export const forgetStaleDomains: ScheduledPart = {
  name: "stale_domains",
  queries: 40,
  async run(context, run) {
    const stale = await stalePending(context, context.now() - pendingMs, mostInRun);
    return forEachDomain(context, run, queriesOfRemoval, stale, (domain) => {
      const event = domainEvent(context, null, "domain.removed", domain, { reason: "never_verified" });
      return commitChange(context, [deleteDomain(context, domain)], [event]);
    });
  },
};
