/** Credentials that are old, expired or left over, and agents without one. */
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import { dayMs } from "../../../platform/time.ts";
import type { Section } from "../schema.ts";
import { countAgentsWithoutSignIn, countCredentials } from "../store.ts";

const oldAfterMs = 90 * dayMs;
const expiringWithinMs = 7 * dayMs;

/** The section. */
export async function credentialHygiene(context: Context, organizationId: OrganizationId): Promise<Section> {
  const nowMs = context.now();
  const times = { nowMs, oldBeforeMs: nowMs - oldAfterMs, expiringBeforeMs: nowMs + expiringWithinMs };
  const [credentials, idle] = await Promise.all([
    countCredentials(context, organizationId, times),
    countAgentsWithoutSignIn(context, organizationId, nowMs),
  ]);
  const { active, old, expiring, expired, orphaned } = credentials;
  const fault = orphaned > 0 && `${amount(orphaned, "credential")} of decommissioned agents not revoked: revoke them.`;
  const warnings = [
    old > 0 && `${amount(old, "active credential")} not rotated for more than 90 days: rotate them.`,
    expiring > 0 && `${amount(expiring, "active credential")} about to expire within 7 days.`,
    expired > 0 && `${amount(expired, "expired credential")} not revoked: they do not work, and can be deleted.`,
    idle > 0 &&
      `${amount(idle, "active agent")} without a way to sign in (no live credential, no trust policy, no key of their own): decommission the unused ones.`,
  ].filter((warning) => warning !== false);
  return {
    name: "credential-hygiene",
    status: fault ? "fail" : warnings.length > 0 ? "warn" : "pass",
    details: [`${amount(active, "active credential")}.`, ...(fault ? [fault] : []), ...warnings].join(" "),
  };
}
