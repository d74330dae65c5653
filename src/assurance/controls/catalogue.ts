/** The public controls: which there are, in their order, and what each means to a visitor. Runs in browsers too. */

export const controlStatuses = ["pass", "fail", "unknown"] as const;
export type ControlStatus = (typeof controlStatuses)[number];

/** A control as the wire has it. */
export interface Control {
  readonly id: string;
  readonly name: string;
  readonly status: ControlStatus;
  /** ISO 8601; null before the first measurement. */
  readonly lastChecked: string | null;
  /** What was measured, in a few words. */
  readonly evidence: string;
}

/** Ids and names are those of the SOC 2 trust services criteria; `meaning` is for people who have never heard of them. */
export const controlCatalogue = [
  {
    id: "CC6.1",
    name: "Logical Access Controls",
    meaning: "Calls without valid access, or with somebody else's, are refused.",
  },
  {
    id: "CC6.2",
    name: "Credential Lifecycle",
    meaning: "When an agent is switched off, its credentials stop working.",
  },
  {
    id: "CC6.6",
    name: "Encryption at Rest",
    meaning: "Stored keys are encrypted, and of secrets only a fingerprint is kept.",
  },
  {
    id: "CC6.7",
    name: "Encryption in Transit",
    meaning: "Everything that is sent to the service, or by it, travels encrypted.",
  },
  {
    id: "CC7.2",
    name: "System Monitoring",
    meaning: "The service watches itself, and nothing is stuck on its way.",
  },
  {
    id: "CC7.3",
    name: "Audit Log Integrity",
    meaning: "The record of what happened is checked for tampering every day.",
  },
  {
    id: "CC8.1",
    name: "Change Management",
    meaning: "A known version is running, and its database is the one made for it.",
  },
  {
    id: "CC9.2",
    name: "Secrets Rotation",
    meaning: "The keys that the service signs with are replaced regularly.",
  },
  {
    id: "A1.2",
    name: "Recovery",
    meaning: "After a disturbance it catches up, and no message is left behind.",
  },
] as const;

export type ControlId = (typeof controlCatalogue)[number]["id"];

/** From this age on a measurement says nothing any more: the control is `unknown`. */
export const staleAfterMs = 15 * 60_000;
