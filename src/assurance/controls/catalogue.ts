/** The public controls, in their order, with their meaning for a visitor. Runs in browsers too. */

export const controlStatuses = ["pass", "fail", "unknown"] as const;
export type ControlStatus = (typeof controlStatuses)[number];

/** The wire form of a control. */
export interface Control {
  readonly id: string;
  readonly name: string;
  readonly status: ControlStatus;
  /** ISO 8601; null before the first measurement. */
  readonly lastChecked: string | null;
  /** The measurement, in a few words. */
  readonly evidence: string;
}

const control = <Id extends string>(id: Id, name: string, meaning: string) => ({ id, name, meaning });

/** Ids and names are those of the SOC 2 trust services criteria; `meaning` explains them to a visitor. */
export const controlCatalogue = [
  control(
    "CC6.1",
    "Logical Access Controls",
    "Calls without valid access, or with the access of another organization, are refused.",
  ),
  control("CC6.2", "Credential Lifecycle", "When an agent is switched off, its credentials stop working."),
  control("CC6.6", "Encryption at Rest", "Stored keys are encrypted; secrets are stored only as a fingerprint."),
  control("CC6.7", "Encryption in Transit", "All traffic to and from the service is encrypted."),
  control("CC7.2", "System Monitoring", "The service monitors itself, and no event or delivery is stuck."),
  control("CC7.3", "Audit Log Integrity", "The audit log is checked for tampering every day."),
  control("CC8.1", "Change Management", "A known version is running, with the database schema of this version."),
  control("CC9.2", "Secrets Rotation", "The signing keys of the service are replaced regularly."),
  control("A1.2", "Recovery", "After a disturbance the service catches up, and no message is lost."),
] as const;

export type ControlId = (typeof controlCatalogue)[number]["id"];

/** A control with an older measurement is `unknown`. */
export const staleAfterMs = 15 * 60_000;
