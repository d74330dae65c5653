/** `/webhooks`: subscriptions and their deliveries. */
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  changeWebhookSchema,
  createWebhookSchema,
  deliveryListSchema,
  deliveryPath,
  deliveryQuery,
  deliverySchema,
  deliveryWithAttemptsSchema,
  webhookPath,
  webhookSchema,
  webhookWithSecretSchema,
} from "./schema.ts";
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  listDeliveries,
  listWebhooks,
  readDelivery,
  readWebhook,
  redeliver,
  rotateSecret,
  testWebhook,
} from "./service.ts";

export const webhookRoutes = createRouter();

const reading = { access: "webhooks:read" as const, tags: ["Webhooks"] };
const writing = { access: "webhooks:write" as const, tags: ["Webhooks"] };
const changing = { ...writing, changesAuthority: true };
const ofWebhook = { request: { params: webhookPath }, errors: ["WEBHOOK_NOT_FOUND" as const] };

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks",
    ...changing,
    entityTag: true,
    summary: "Create a webhook",
    sdk: { call: "webhooks.create", retry: "keyed" },
    description:
      "Subscribes a URL to events of the organization. Every delivery is signed with `signingSecret`, which only this response has. An organization has at most 100 webhooks.",
    request: { body: { required: true, ...json(createWebhookSchema, "The webhook") } },
    responses: { 201: json(webhookWithSecretSchema, "The webhook, with its secret") },
  }),
  async (c) => {
    return answerRecord(
      c,
      await once(c, (context) => createWebhook(context, c.get("caller"), c.req.valid("json")), { secret: true }),
      201,
      {
        representationOf: ({ signingSecret: _, ...webhook }) => webhook,
      },
    );
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks",
    ...reading,
    summary: "List webhooks",
    sdk: { call: "webhooks.list", retry: "read" },
    request: { query: pageQuery },
    responses: { 200: json(pageSchema("WebhookPage", webhookSchema), "A page of webhooks, newest first") },
  }),
  async (c) => {
    return answer(c, await listWebhooks(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks/{webhookId}",
    ...reading,
    entityTag: true,
    summary: "Read a webhook",
    sdk: { call: "webhooks.get", retry: "read" },
    ...ofWebhook,
    responses: { 200: json(webhookSchema, "The webhook") },
  }),
  async (c) => {
    return answerRecord(c, await readWebhook(c.get("context"), c.get("caller"), c.req.valid("param").webhookId), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "patch",
    path: "/webhooks/{webhookId}",
    ...changing,
    entityTag: true,
    summary: "Change a webhook",
    sdk: { call: "webhooks.update", retry: "idempotent" },
    description:
      "A paused webhook (`active: false`) gets no deliveries of new events. Deliveries from before wait until it is resumed.",
    request: {
      params: webhookPath,
      body: { required: true, ...json(changeWebhookSchema, "The fields to change") },
    },
    responses: { 200: json(webhookSchema, "The changed webhook") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId } = c.req.valid("param");
    const [context, caller, preconditions] = [c.get("context"), c.get("caller"), c.get("preconditions")];
    return answerRecord(c, await changeWebhook(context, caller, webhookId, c.req.valid("json"), preconditions), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "delete",
    path: "/webhooks/{webhookId}",
    ...changing,
    entityTag: true,
    summary: "Delete a webhook",
    sdk: { call: "webhooks.delete", retry: "idempotent" },
    description: "Also deletes its secrets and its deliveries.",
    ...ofWebhook,
    responses: { 204: { description: "Deleted" } },
  }),
  async (c) => {
    const { webhookId } = c.req.valid("param");
    return answer(c, await deleteWebhook(c.get("context"), c.get("caller"), webhookId, c.get("preconditions")), 204);
  },
);

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks/{webhookId}/rotate-secret",
    ...changing,
    summary: "Rotate a webhook's secret",
    sdk: { call: "webhooks.rotateSecret", retry: "keyed" },
    description:
      "The old secret stays valid for 24 hours. Meanwhile `webhook-signature` has a signature with each secret, `X-SentryAgent-Signature` the signature with the new secret, and `X-SentryAgent-Signature-Previous` the signature with the old one.",
    ...ofWebhook,
    responses: { 200: json(webhookWithSecretSchema, "The webhook, with its new secret") },
  }),
  async (c) => {
    return answer(
      c,
      await once(c, (context) => rotateSecret(context, c.get("caller"), c.req.valid("param").webhookId), {
        secret: true,
      }),
      200,
    );
  },
);

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks/{webhookId}/test",
    ...writing,
    summary: "Test a webhook",
    sdk: { call: "webhooks.test", retry: "never" },
    description:
      "Sends the event `webhook.test` in one attempt and returns its outcome: `delivered`, or `dead_letter` with the reason in `error`. It takes at most 10 seconds, and also works for a paused webhook.",
    ...ofWebhook,
    responses: { 200: json(deliverySchema, "The outcome") },
  }),
  async (c) => {
    return answer(c, await testWebhook(c.get("context"), c.get("caller"), c.req.valid("param").webhookId), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks/{webhookId}/deliveries",
    ...reading,
    summary: "List a webhook's deliveries",
    sdk: { call: "webhooks.deliveries", retry: "read" },
    description: "Finished deliveries are kept for 30 days.",
    request: { params: webhookPath, query: deliveryQuery },
    responses: { 200: json(deliveryListSchema, "A page of deliveries, newest first") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId } = c.req.valid("param");
    return answer(c, await listDeliveries(c.get("context"), c.get("caller"), webhookId, c.req.valid("query")), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks/{webhookId}/deliveries/{deliveryId}",
    ...reading,
    summary: "Read a webhook's delivery",
    sdk: { call: "webhooks.delivery", retry: "read" },
    description:
      "Shows when each attempt was made, how long it took, and why it failed. Attempts that an earlier version of the service made are counted, but not listed.",
    request: { params: deliveryPath },
    responses: { 200: json(deliveryWithAttemptsSchema, "The delivery, with its last 20 attempts") },
    errors: ["WEBHOOK_NOT_FOUND", "DELIVERY_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId, deliveryId } = c.req.valid("param");
    return answer(c, await readDelivery(c.get("context"), c.get("caller"), webhookId, deliveryId), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
    ...writing,
    summary: "Redeliver a delivery",
    sdk: { call: "webhooks.redeliver", retry: "never" },
    description: "Sends a delivery of any status again: the same body with the same id, in a new series of attempts.",
    request: { params: deliveryPath },
    responses: { 202: json(deliverySchema, "The queued delivery") },
    errors: ["WEBHOOK_NOT_FOUND", "DELIVERY_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId, deliveryId } = c.req.valid("param");
    return answer(c, await redeliver(c.get("context"), c.get("caller"), webhookId, deliveryId), 202);
  },
);
