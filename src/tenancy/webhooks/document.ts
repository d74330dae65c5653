/** The `webhooks` of the OpenAPI document, from the catalogue of events: what a receiver gets. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { dataNameOf, webhookEventNames } from "../../events/catalogue.ts";
import { componentOf } from "../../platform/http/components.ts";
import { webhookPayloadSchema, webhookSchema } from "./schema.ts";

const headers = [
  ["WebhookId", "webhook-id", "The id of the event, the same in each attempt"],
  ["WebhookTimestamp", "webhook-timestamp", "The time of the attempt, in seconds since the epoch"],
  [
    "WebhookSignature",
    "webhook-signature",
    "Of Standard Webhooks: `v1,` and the base64 of an HMAC-SHA256, one for each valid secret",
  ],
  ["WebhookEvent", "X-SentryAgent-Event", "The type of the event"],
  ["WebhookBodySignature", "X-SentryAgent-Signature", "`sha256=` and the HMAC-SHA256 of the body, in hex"],
] as const;

/** The payload with this shape of `data`. */
const payloadWith = (dataName: string) =>
  z
    .object({ ...webhookPayloadSchema.shape, event: webhookSchema.shape.events.element, data: componentOf(dataName) })
    .openapi(dataName.replace("EventData", "WebhookPayload"));

/** Adds one webhook for each event type. The components of all rooms must be there. */
export function describeWebhooks({ openAPIRegistry }: Pick<OpenAPIHono, "openAPIRegistry">): void {
  const payloads = new Map(webhookEventNames.map((name) => [dataNameOf(name), payloadWith(dataNameOf(name))]));
  const schema = { type: "string" as const };
  const parameters = headers.map(([component, name, description]) => {
    const parameter = { name, in: "header" as const, required: true, description, schema };
    return openAPIRegistry.registerComponent("parameters", component, parameter).ref;
  });
  for (const name of webhookEventNames) {
    const payload = payloads.get(dataNameOf(name)) ?? webhookPayloadSchema;
    const words = name.split(/[._]/).map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
    openAPIRegistry.registerWebhook({
      method: "post",
      path: name,
      operationId: `on${words.join("")}`,
      tags: ["Webhooks"],
      summary: `Receive \`${name}\``,
      security: [],
      parameters,
      request: { body: { required: true, content: { "application/json": { schema: payload } } } },
      responses: {
        "2XX": { description: "Received. Every other answer, and none within 10 seconds, is a failed attempt" },
      },
    });
  }
}
