/** The result of a verification, for the metrics and the public controls. */
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import { setGauge } from "../../../platform/telemetry/recording.ts";
import { saveBroken, saveIntact } from "./store.ts";

/** A finished verification. */
export interface Finished {
  /** When it began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Whether it was one of the whole chain. */
  readonly isWhole: boolean;
  /** The events that were checked. */
  readonly events: number;
  readonly isIntact: boolean;
}

/** Records a verification. A range without a break is not recorded: it says nothing about the rest of the chain. */
export async function recordVerification(
  context: Context,
  organizationId: OrganizationId,
  { startedAtMs, isWhole, events, isIntact }: Finished,
): Promise<void> {
  if (isIntact && !isWhole) return;
  setGauge("agentidp_audit_chain_integrity", {}, isIntact ? 1 : 0, organizationId);
  await (isIntact
    ? saveIntact(context, organizationId, startedAtMs, events)
    : saveBroken(context, organizationId, isWhole ? startedAtMs : null, context.now()));
}
