/** Whether a webhook gets events, and why not. */
import type { Webhook } from "../../api/schema.ts";
import { Badge } from "../../ui/badge.tsx";

/** The service disables a webhook after so many dead letters in a row. */
export const failuresToDisable = 5;

export type WebhookState = "active" | "inactive" | "disabled";

/** `inactive`: paused by somebody, or disabled by an answer 410; only the audit log knows which. */
export const stateOf = ({ active, failure_count }: Webhook): WebhookState =>
  active ? "active" : failure_count >= failuresToDisable ? "disabled" : "inactive";

export function StateBadge({ webhook }: { readonly webhook: Webhook }) {
  const state = stateOf(webhook);
  const tone = { active: "good", inactive: "neutral", disabled: "bad" } as const;
  return <Badge status={state} tone={tone[state]} />;
}
