/** The compliance report of an organization, kept for five minutes. */
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { orNull } from "../../platform/kv.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf } from "../../platform/time.ts";
import { type Report, reportSchema } from "./schema.ts";
import { agentIdentity } from "./sections/agent-identity.ts";
import { auditTrail } from "./sections/audit-trail.ts";
import { credentialHygiene } from "./sections/credential-hygiene.ts";
import { federationReadiness } from "./sections/federation-readiness.ts";

const lifetimeSeconds = 300;

/** Kept without saying that it is: that is for whoever reads it. */
const keptSchema = reportSchema.omit({ from_cache: true });

const cacheKey = (organizationId: OrganizationId) => `compliance-report:${organizationId}`;

/** A kept report of the organization that is not too old; KV itself may show one for a while after its end. */
async function keptReport(context: Context, organizationId: OrganizationId): Promise<Report | null> {
  const parsed = keptSchema.safeParse(
    await orNull(context, "compliance report", context.env.CACHE.get(cacheKey(organizationId), "json")),
  );
  if (!parsed.success || parsed.data.tenantId !== organizationId) return null;
  const ageMs = context.now() - Date.parse(parsed.data.generatedAt);
  return ageMs >= 0 && ageMs < lifetimeSeconds * 1000 ? { ...parsed.data, from_cache: true } : null;
}

async function makeReport(context: Context, organizationId: OrganizationId): Promise<Report> {
  const generatedAt = isoOf(context.now());
  const [identity, trail, hygiene, federation] = await Promise.all([
    agentIdentity(context, organizationId),
    auditTrail(context, organizationId),
    credentialHygiene(context, organizationId),
    federationReadiness(context, organizationId),
  ]);
  const sections = [identity.section, trail.section, hygiene, federation];
  return {
    tenantId: organizationId,
    generatedAt,
    agntcyConformance: sections.every(({ status }) => status !== "fail"),
    agentCount: identity.agentCount,
    verifiedAgentCount: identity.verifiedAgentCount,
    auditChainIntegrity: trail.auditChainIntegrity,
    sections,
    from_cache: false,
  };
}

/** The report of the caller's organization. `COMPLIANCE_DISABLED` when the operator has turned it off. */
export async function readReport(context: Context, { organizationId }: Caller): Promise<Result<Report>> {
  if (!context.settings.complianceEnabled) return problem("COMPLIANCE_DISABLED");
  const kept = await keptReport(context, organizationId);
  if (kept) return ok(kept);
  const report = await makeReport(context, organizationId);
  const { from_cache: _, ...toKeep } = report;
  const written = context.env.CACHE.put(cacheKey(organizationId), JSON.stringify(toKeep), {
    expirationTtl: lifetimeSeconds,
  });
  await orNull(context, "compliance report", written);
  return ok(report);
}
