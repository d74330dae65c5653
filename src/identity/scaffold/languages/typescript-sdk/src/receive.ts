/** What the receiver does with a delivery. */
import { AgentIdPError } from "@sentryagent/idp-sdk";
import type { Webhook, WebhookHeaders } from "@sentryagent/idp-sdk/webhooks";

/** A delivery can come more than once. A receiver that must not act twice keeps these ids in its database. */
const seen = new Set<string>();

/**
 * Prints the event of a delivery with a valid signature, once.
 *
 * @param body the received bytes, not parsed JSON
 * @returns the status of the answer
 */
export async function receive(webhook: Webhook, body: Uint8Array, headers: WebhookHeaders): Promise<number> {
  try {
    const { id, event, data } = await webhook.verify(body, headers);
    if (!seen.has(id)) console.log(event, JSON.stringify(data));
    seen.add(id);
    return 204;
  } catch (error) {
    if (!(error instanceof AgentIdPError)) throw error;
    console.error(`Refused a delivery: ${error.message}`);
    // A signed delivery that cannot be read is not the sender's fault: it is sent again later.
    return error.kind === "Auth" ? 401 : 500;
  }
}
