/** The rules of starter projects. */
import { hash } from "node:crypto";
import type { Caller } from "../../access/caller.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import { turnsPerMinute } from "../../ledger/turns.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { findAgent } from "../agents/service.ts";
import { archiveOf } from "./archive.ts";
import { projectOf } from "./project.ts";
import type { ScaffoldLanguage } from "./schema.ts";

/** A project of an agent, as a ZIP archive with one folder. */
export interface Scaffold {
  readonly agentId: AgentId;
  readonly language: ScaffoldLanguage;
  readonly fileName: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The SHA-256 of the bytes, as a strong entity tag. */
  readonly entityTag: string;
}

/** Takes one of the projects of this minute; `RATE_LIMIT_EXCEEDED` when none is left. */
async function refuseMany(context: Context, organizationId: OrganizationId): Promise<Problem | null> {
  const { admitted, retryAfterSeconds } = await ledgerOf(context, organizationId).admitTurn("scaffold");
  if (admitted) return null;
  const [limit, max] = ["scaffoldsPerMinute", turnsPerMinute.scaffold] as const;
  count("agentidp_rate_limit_rejections_total", { limit });
  return problem("RATE_LIMIT_EXCEEDED", `An organization may generate ${max} projects a minute.`, {
    headers: { "Retry-After": String(retryAfterSeconds) },
    details: { limit, max, retryAfterSeconds },
  });
}

/**
 * Makes the project of an agent of the caller's organization, and hands out nothing yet. The same agent, language and version of
 * the service give the same bytes.
 *
 * @returns `AGENT_NOT_FOUND`, `AGENT_ALREADY_DECOMMISSIONED`
 */
export async function makeScaffold(
  context: Context,
  { organizationId }: Caller,
  agentId: AgentId,
  language: ScaffoldLanguage,
): Promise<Result<Scaffold>> {
  const agent = await findAgent(context, organizationId, agentId);
  if (!agent) return problem("AGENT_NOT_FOUND");
  if (agent.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const { email, owner, description } = agent;
  const project = projectOf(language, { agentId, email, owner, description, issuer: context.settings.issuer });
  const bytes = archiveOf(project);
  return ok({
    agentId,
    language,
    fileName: `${project.name}.zip`,
    bytes,
    entityTag: `"${hash("sha256", bytes, "hex")}"`,
  });
}

/**
 * Counts a project that is handed out: for the limit, in the audit log, then in the metrics. It must come before the answer, so that
 * no project is out without its event.
 *
 * @returns `RATE_LIMIT_EXCEEDED`
 */
export async function noteScaffold(
  context: Context,
  caller: Caller,
  { agentId, language }: Scaffold,
): Promise<Problem | null> {
  const { organizationId } = caller;
  const limited = await refuseMany(context, organizationId);
  if (limited) return limited;
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "agent.scaffolded",
    agentId,
    target: agentId,
    details: { language },
  });
  await ledgerOf(context, organizationId).append(event);
  count("agentidp_scaffolds_generated_total", { language });
  return null;
}
