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

/** Ids and names are those of the SOC 2 trust services criteria; `meaning` explains them to a visitor. */
export const controlCatalogue = [
  {
    id: "CC6.1",
    name: "Logical Access Controls",
    meaning: "Calls without valid access, or with the access of another organization, are refused.",
  },
  {
    id: "CC6.2",
    name: "Credential Lifecycle",
    meaning: "When an agent is switched off, its credentials stop working.",
  },
  {
    id: "CC6.6",
    name: "Encryption at Rest",
    meaning: "Stored keys are encrypted; secrets are stored only as a fingerprint.",
  },
  {
    id: "CC6.7",
    name: "Encryption in Transit",
    meaning: "All traffic to and from the service is encrypted.",
  },
  {
    id: "CC7.2",
    name: "System Monitoring",
    meaning: "The service monitors itself, and no event or delivery is stuck.",
  },
  {
    id: "CC7.3",
    name: "Audit Log Integrity",
    meaning: "The audit log is checked for tampering every day.",
  },
  {
    id: "CC8.1",
    name: "Change Management",
    meaning: "A known version is running, with the database schema of this version.",
  },
  {
    id: "CC9.2",
    name: "Secrets Rotation",
    meaning: "The signing keys of the service are replaced regularly.",
  },
  {
    id: "A1.2",
    name: "Recovery",
    meaning: "After a disturbance the service catches up, and no message is lost.",
  },
] as const;

export type ControlId = (typeof controlCatalogue)[number]["id"];

/** A control with an older measurement is `unknown`. */
export const staleAfterMs = 15 * 60_000;
