/** The compliance report of an organization, cached for five minutes. */
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { orNull } from "../../platform/kv.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf, isYounger } from "../../platform/time.ts";
import { type Report, reportSchema } from "./schema.ts";
import { agentIdentity } from "./sections/agent-identity.ts";
import { auditTrail } from "./sections/audit-trail.ts";
import { credentialHygiene } from "./sections/credential-hygiene.ts";
import { federationReadiness } from "./sections/federation-readiness.ts";

const lifetimeSeconds = 300;

/** A cached report has no `from_cache`. */
const cachedSchema = reportSchema.omit({ from_cache: true });

const cacheKey = (organizationId: OrganizationId) => `compliance-report:${organizationId}`;

/** The cached report, not older than its lifetime: KV can return an expired value for a while. */
async function cachedReport(context: Context, organizationId: OrganizationId): Promise<Report | null> {
  const parsed = cachedSchema.safeParse(
    await orNull(context, "compliance report", context.env.CACHE.get(cacheKey(organizationId), "json")),
  );
  if (!parsed.success || parsed.data.tenantId !== organizationId) return null;
  const isFresh = isYounger(Date.parse(parsed.data.generatedAt), lifetimeSeconds * 1000, context.now());
  return isFresh ? { ...parsed.data, from_cache: true } : null;
}

async function makeReport(context: Context, organizationId: OrganizationId): Promise<Report> {
  const startedAtMs = context.now();
  const [identity, trail, hygiene, federation] = await Promise.all([
    agentIdentity(context, organizationId),
    auditTrail(context, organizationId),
    credentialHygiene(context, organizationId),
    federationReadiness(context, organizationId),
  ]);
  const sections = [identity.section, trail.section, hygiene, federation];
  return {
    tenantId: organizationId,
    generatedAt: isoOf(startedAtMs),
    agntcyConformance: sections.every(({ status }) => status !== "fail"),
    agentCount: identity.agentCount,
    verifiedAgentCount: identity.verifiedAgentCount,
    auditChainIntegrity: trail.auditChainIntegrity,
    sections,
    from_cache: false,
  };
}

/** The report of the caller's organization. `COMPLIANCE_DISABLED` when the operator disabled compliance. */
export async function readReport(context: Context, { organizationId }: Caller): Promise<Result<Report>> {
  if (!context.settings.complianceEnabled) return problem("COMPLIANCE_DISABLED");
  const cached = await cachedReport(context, organizationId);
  if (cached) return ok(cached);
  const report = await makeReport(context, organizationId);
  const { from_cache: _, ...value } = report;
  const options = { expirationTtl: lifetimeSeconds };
  const written = context.env.CACHE.put(cacheKey(organizationId), JSON.stringify(value), options);
  await orNull(context, "compliance report", written);
  return ok(report);
}
