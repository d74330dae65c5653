/** The public controls: the Cron Trigger measures them. */
import type { Context } from "../../platform/context.ts";
import { log } from "../../platform/log.ts";
import type { Run, ScheduledPart } from "../../platform/scheduled.ts";
import { isoOf } from "../../platform/time.ts";
import { type ControlId, controlCatalogue, staleAfterMs } from "./catalogue.ts";
import { auditLogIntegrity } from "./checks/audit-log-integrity.ts";
import { changeManagement } from "./checks/change-management.ts";
import { credentialLifecycle } from "./checks/credential-lifecycle.ts";
import { encryptionAtRest } from "./checks/encryption-at-rest.ts";
import { encryptionInTransit } from "./checks/encryption-in-transit.ts";
import { logicalAccess } from "./checks/logical-access.ts";
import { recovery } from "./checks/recovery.ts";
import { secretsRotation } from "./checks/secrets-rotation.ts";
import { systemMonitoring } from "./checks/system-monitoring.ts";
import type { Check } from "./measuring.ts";
import type { ControlList, Measurement } from "./schema.ts";
import { readSnapshot, writeSnapshot } from "./snapshot.ts";
import { allResults, type ControlResult, saveResults } from "./store.ts";

const checks: Readonly<Record<ControlId, Check>> = {
  "CC6.1": logicalAccess,
  "CC6.2": credentialLifecycle,
  "CC6.6": encryptionAtRest,
  "CC6.7": encryptionInTransit,
  "CC7.2": systemMonitoring,
  "CC7.3": auditLogIntegrity,
  "CC8.1": changeManagement,
  "CC9.2": secretsRotation,
  "A1.2": recovery,
};

/** Measures a control; null when it cannot be measured now. */
async function measure(context: Context, id: ControlId, run: Parameters<Check>[1]): Promise<ControlResult | null> {
  try {
    const { status, evidence, progress = null, lastCheckedAt = null } = await checks[id](context, run);
    return { id, status, evidence, checkedAt: context.now(), lastCheckedAt, progress };
  } catch (error) {
    log.error(context, "a control cannot be measured", { control: id, error });
    return null;
  }
}

/** Measures all controls, by bounded work each. One that cannot be measured keeps its last result for 15 minutes. */
export async function measureControls(context: Context, run: Run): Promise<void> {
  const before = new Map((await allResults(context)).map((result) => [result.id, result]));
  const results = await Promise.all(
    controlCatalogue.map(({ id }) => measure(context, id, { ...run, previous: before.get(id) ?? null })),
  );
  const measured = results.filter((result) => result !== null);
  await saveResults(context, measured);
  const present = new Map([...before, ...measured.map((result) => [result.id, result] as const)]);
  await writeSnapshot(context, [...present.values()]);
}

export const controlMeasurement: ScheduledPart = {
  name: "controls",
  queries: 250,
  async run(context, run) {
    await measureControls(context, run);
    return 0;
  },
};

/** The last measurements: from KV, else from D1, else none. The controls never answer with an error. */
async function lastMeasurements(context: Context): Promise<readonly Measurement[]> {
  const snapshot = await readSnapshot(context);
  if (snapshot) return snapshot;
  try {
    return await allResults(context);
  } catch (error) {
    log.error(context, "the controls cannot be read", { error });
    return [];
  }
}

/** All controls, in the order of the catalogue. Without a recent measurement a control is `unknown`. */
export async function readControls(context: Context): Promise<ControlList> {
  const measurements = new Map((await lastMeasurements(context)).map((measurement) => [measurement.id, measurement]));
  const controls = controlCatalogue.map(({ id, name }) => {
    const measurement = measurements.get(id);
    const control = { id, name, status: "unknown" as const, lastChecked: null };
    if (!measurement) return { ...control, evidence: "Not measured yet" };
    const { checkedAt, status, evidence } = measurement;
    const lastChecked = isoOf(measurement.lastCheckedAt ?? checkedAt);
    const isStale = Math.abs(context.now() - checkedAt) > staleAfterMs;
    if (isStale) return { ...control, lastChecked, evidence: "Not measured for more than 15 minutes" };
    return { ...control, status, lastChecked, evidence };
  });
  return { controls };
}
