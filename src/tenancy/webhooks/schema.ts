/** The wire shapes of webhook subscriptions and their deliveries. Records are in snake_case, as usual for webhooks. */
import { z } from "@hono/zod-openapi";
import { webhookEventNames } from "../../events/catalogue.ts";
import { deliveryStatuses } from "../../platform/db/schema.ts";
import { enumeration } from "../../platform/http/components.ts";
import { isUnique, somethingNamed, text, textLike, timeSchema } from "../../platform/http/fields.ts";
import { pageQuery } from "../../platform/http/pagination.ts";
import { deliveryIdSchema, organizationIdSchema, webhookIdSchema } from "../../platform/ids.ts";

/** The event of a test. No subscription can name it, so a receiver cannot confuse it with a real event. */
export const testEvent = "webhook.test";

const nameSchema = text(1, 100, "must not be empty").openapi({ example: "Directory sync" });

const urlSchema = z.string({ error: "must be an https URL" }).openapi({
  format: "uri",
  description:
    "The receiver of the events: https, a public host name, port 443 or 8443. It is stored in its normal form (WHATWG URL)",
  example: "https://hooks.acme.example/agentidp",
});

const eventTypeSchema = enumeration("WebhookEventType", webhookEventNames);
const statusSchema = enumeration("DeliveryStatus", deliveryStatuses);

const eventsSchema = z
  .array(eventTypeSchema, { error: "must be a list of events" })
  .min(1, { error: "must name at least one event" })
  .max(webhookEventNames.length, { abort: true, error: `must name at most ${webhookEventNames.length} events` })
  .refine(isUnique, { error: "must name each event once" })
  .openapi({ uniqueItems: true, example: ["agent.created", "agent.decommissioned"] });

const activeSchema = z.boolean({ error: "must be true or false" });

export const createWebhookSchema = z
  .strictObject({
    name: nameSchema,
    url: urlSchema,
    events: eventsSchema,
    active: activeSchema.default(true).openapi({ description: "false: the webhook starts paused" }),
  })
  .openapi("CreateWebhook");

export const changeWebhookSchema = z
  .strictObject({
    name: nameSchema.optional(),
    url: urlSchema.optional(),
    events: eventsSchema.optional(),
    active: activeSchema.optional().openapi({
      description:
        "false pauses the webhook; true resumes it, also after the service has disabled it, and resets `failure_count` to 0. Another `url` resets it too, but resumes nothing",
    }),
  })
  .refine(...somethingNamed)
  .openapi("ChangeWebhook", { minProperties: 1, example: { active: false } });

export const webhookSchema = z
  .object({
    id: webhookIdSchema,
    organization_id: organizationIdSchema,
    name: textLike("Directory sync"),
    url: textLike("https://hooks.acme.example/agentidp"),
    events: z.array(eventTypeSchema),
    active: z.boolean(),
    failure_count: z.int().openapi({ description: "Dead letters in a row; at 5 the service disables the webhook" }),
    created_at: timeSchema,
    updated_at: timeSchema,
  })
  .openapi("Webhook");

export const webhookWithSecretSchema = z
  .object({
    ...webhookSchema.shape,
    signingSecret: z.string().openapi({
      description: "`whsec_` and the base64 of 32 bytes. Only this response has it",
      example: "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    }),
  })
  .openapi("WebhookWithSecret");

/** The body of a delivery. */
export const webhookPayloadSchema = z
  .object({
    id: z
      .uuid()
      .openapi({ description: "The id of the event, the same in each attempt: a receiver can ignore a repetition" }),
    event: z.string().openapi({ example: "agent.created" }),
    timestamp: timeSchema.openapi({ description: "The time of the event" }),
    organization_id: organizationIdSchema,
    data: z.record(z.string(), z.unknown()).openapi({ example: { agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" } }),
  })
  .openapi("WebhookPayload");

export const deliverySchema = z
  .object({
    id: deliveryIdSchema,
    subscription_id: webhookIdSchema,
    event_type: textLike("agent.created"),
    payload: webhookPayloadSchema,
    status: statusSchema.openapi({
      description: "`failed`: the last attempt failed, and another follows; `dead_letter`: all attempts failed",
    }),
    http_status_code: z.int().nullable().openapi({ description: "Of the last attempt; null: no response" }),
    response_body: z.string().nullable().openapi({ description: "Of the last attempt, at most 1 KiB" }),
    error: z.string().nullable().openapi({ description: "Why the last attempt failed" }),
    note: z.string().optional().openapi({
      description:
        "Why the body of the last response could not be read; absent when it was. It decides nothing: the status does",
    }),
    attempt_count: z.int(),
    next_retry_at: timeSchema.nullable(),
    delivered_at: timeSchema.nullable(),
    created_at: timeSchema,
    updated_at: timeSchema,
  })
  .openapi("WebhookDelivery");

const attemptSchema = z
  .object({
    at: timeSchema.openapi({ description: "When it began" }),
    http_status_code: z.int().nullable().openapi({ description: "null: no response" }),
    error: z.string().nullable().openapi({ description: "Why it failed; null: it succeeded" }),
    duration_ms: z.int().openapi({ description: "Until the end of the response, or of the waiting for one" }),
  })
  .openapi("WebhookDeliveryAttempt");

export const deliveryWithAttemptsSchema = z
  .object({
    ...deliverySchema.shape,
    attempts: z.array(attemptSchema).openapi({
      maxItems: 20,
      description: "The last 20, newest first. Those before a redelivery are among them",
    }),
  })
  .openapi("WebhookDeliveryWithAttempts");

const offsetRule = "must be a whole number from 0 to 1000000";

export const deliveryQuery = z.object({
  limit: pageQuery.shape.limit,
  offset: z
    .string({ error: offsetRule })
    .regex(/^(0|[1-9][0-9]{0,6})$/, { error: offsetRule })
    .transform(Number)
    .refine((offset) => offset <= 1_000_000, { error: offsetRule })
    .default(0)
    .openapi({
      type: "integer",
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description: "The number of rows to skip",
    }),
  status: statusSchema.optional(),
});

export const deliveryListSchema = z
  .object({
    deliveries: z.array(deliverySchema),
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
  })
  .openapi("WebhookDeliveryPage");

export const webhookPath = z.object({ webhookId: webhookIdSchema });
export const deliveryPath = z.object({ webhookId: webhookIdSchema, deliveryId: deliveryIdSchema });

export type Webhook = z.output<typeof webhookSchema>;
export type WebhookWithSecret = z.output<typeof webhookWithSecretSchema>;
export type CreateWebhook = z.output<typeof createWebhookSchema>;
export type ChangeWebhook = z.output<typeof changeWebhookSchema>;
export type Delivery = z.output<typeof deliverySchema>;
export type DeliveryWithAttempts = z.output<typeof deliveryWithAttemptsSchema>;
export type DeliveryQuery = z.output<typeof deliveryQuery>;
export type DeliveryList = z.output<typeof deliveryListSchema>;
