/** The daily look at every domain: whether its record is still there. Runs in slices from the Cron Trigger. */
import { commitChange } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { lookUpText } from "../../platform/dns/text-records.ts";
import { dayMs, dayOf } from "../../platform/time.ts";
import { isPublicSuffix } from "./names.ts";
import { challengeName } from "./public-domain.ts";
import { type Domain, deleteDomain, domainsToCheck, findOtherHolder, stalePending } from "./store.ts";
import { domainEvent, hold, writeDomain } from "./verification.ts";

/** Domains looked at in one run, and how many of them at once. */
const mostInRun = 100;
const width = 10;
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

/** Checks the domains that were checked longest ago, a day or more. Does nothing where no resolver is set. */
export async function checkDomains(context: Context): Promise<void> {
  const { dnsResolver, dnsStaticRecords } = context.settings;
  if (dnsResolver === null && dnsStaticRecords === null) return;
  const due = await domainsToCheck(context, context.now() - dayMs, mostInRun);
  for (let from = 0; from < due.length; from += width) {
    await Promise.all(due.slice(from, from + width).map((domain) => checkDomain(context, domain)));
  }
}

/** Removes domains that were added two weeks ago and never proved. */
export async function forgetStaleDomains(context: Context): Promise<void> {
  for (const domain of await stalePending(context, context.now() - pendingMs, mostInRun)) {
    const event = domainEvent(context, null, "domain.removed", domain, { reason: "never_verified" });
    await commitChange(context, [deleteDomain(context, domain)], [event]);
  }
}
