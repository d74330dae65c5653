/** A status: its word, and a color that says nothing which the word does not. */

export type Tone = "good" | "warn" | "bad" | "neutral";

const tones: Readonly<Record<string, Tone>> = {
  active: "good",
  alive: "good",
  verified: "good",
  delivered: "good",
  success: "good",
  pass: "good",
  pending: "warn",
  suspended: "warn",
  expired: "warn",
  failed: "warn",
  unknown: "warn",
  trial: "warn",
  revoked: "neutral",
  decommissioned: "neutral",
  disabled: "neutral",
  inactive: "neutral",
  failure: "bad",
  fail: "bad",
  dead_letter: "bad",
};

interface BadgeProps {
  /** As the API has it: `dead_letter` */
  readonly status: string;
  readonly label?: string;
  readonly tone?: Tone;
}

export function Badge({ status, label = status.replaceAll("_", " "), tone = tones[status] ?? "neutral" }: BadgeProps) {
  return <span className={`badge ${tone}`}>{label}</span>;
}
