/** Counts token requests for the metrics: by grant and outcome. */
import { problemRegistry } from "../../platform/problems/problems.ts";
import type { Result } from "../../platform/problems/result.ts";
import { type LabelsOf, tokenOutcomes } from "../../platform/telemetry/catalogue.ts";
import { count } from "../../platform/telemetry/recording.ts";
import type { Grant } from "./grants/grant.ts";

type Labels = LabelsOf<"agentidp_tokens_issued_total">;

function outcomeOf(result: Result<unknown>): Labels["outcome"] {
  if (result.ok) return "issued";
  const { status } = problemRegistry[result.code];
  // The OAuth error code is `temporarily_unavailable` too, but the service is available: an alert must not count it.
  if (status === 429) return "rate_limited";
  const known = tokenOutcomes.find((outcome) => outcome === result.oauthError);
  if (known) return known;
  // Any other code would be a mistake, and counts by its status.
  if (status === 403) return "access_denied";
  return status === 503 ? "temporarily_unavailable" : "invalid_request";
}

/**
 * Counts a token request, and returns its result.
 *
 * @param grant null for an unknown `grant_type`, whose text must not become a label
 */
export async function counted<T>(grant: Grant | null, work: Promise<Result<T>>): Promise<Result<T>> {
  const label = grant?.label ?? "unsupported";
  try {
    const result = await work;
    count("agentidp_tokens_issued_total", { grant: label, outcome: outcomeOf(result) });
    return result;
  } catch (error) {
    count("agentidp_tokens_issued_total", { grant: label, outcome: "server_error" });
    throw error;
  }
}
