/** `/webhooks`: subscriptions, and what became of their deliveries. */

import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
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
  readWebhook,
  redeliver,
  rotateSecret,
  testWebhook,
} from "./service.ts";

export const webhookRoutes = createRouter();

const tags = ["Webhooks"];

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks",
    access: "webhooks:write",
    changesAuthority: true,
    tags,
    summary: "Create a webhook",
    description:
      "Subscribes a URL to events of the organization. Every delivery is signed with `signingSecret`, which is shown this once. An organization has at most 100 webhooks.",
    request: { body: { required: true, ...json(createWebhookSchema, "The webhook") } },
    responses: { 201: json(webhookWithSecretSchema, "The webhook, with its secret") },
  }),
  async (c) => {
    return answer(c, await createWebhook(c.get("context"), c.get("caller"), c.req.valid("json")), 201);
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks",
    access: "webhooks:read",
    tags,
    summary: "List webhooks",
    request: { query: pageQuery },
    responses: { 200: json(pageSchema(webhookSchema), "A page of webhooks, newest first") },
  }),
  async (c) => {
    return answer(c, await listWebhooks(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks/{webhookId}",
    access: "webhooks:read",
    tags,
    summary: "Read a webhook",
    request: { params: webhookPath },
    responses: { 200: json(webhookSchema, "The webhook") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await readWebhook(c.get("context"), c.get("caller"), c.req.valid("param").webhookId), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "patch",
    path: "/webhooks/{webhookId}",
    access: "webhooks:write",
    changesAuthority: true,
    tags,
    summary: "Change a webhook",
    description:
      "A paused webhook (`active: false`) is told of nothing that happens meanwhile; what was on its way waits until it is resumed.",
    request: {
      params: webhookPath,
      body: { required: true, ...json(changeWebhookSchema, "The fields to change") },
    },
    responses: { 200: json(webhookSchema, "The webhook as it is now") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId } = c.req.valid("param");
    return answer(c, await changeWebhook(c.get("context"), c.get("caller"), webhookId, c.req.valid("json")), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "delete",
    path: "/webhooks/{webhookId}",
    access: "webhooks:write",
    changesAuthority: true,
    tags,
    summary: "Delete a webhook",
    description: "With its secrets and its deliveries.",
    request: { params: webhookPath },
    responses: { 204: { description: "Deleted" } },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await deleteWebhook(c.get("context"), c.get("caller"), c.req.valid("param").webhookId), 204);
  },
);

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks/{webhookId}/rotate-secret",
    access: "webhooks:write",
    changesAuthority: true,
    tags,
    summary: "Rotate a webhook's secret",
    description:
      "For 24 hours the old secret signs along: `webhook-signature` holds a signature of each, `X-SentryAgent-Signature` that of the new one and `X-SentryAgent-Signature-Previous` that of the old one.",
    request: { params: webhookPath },
    responses: { 200: json(webhookWithSecretSchema, "The webhook, with its new secret") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await rotateSecret(c.get("context"), c.get("caller"), c.req.valid("param").webhookId), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks/{webhookId}/test",
    access: "webhooks:write",
    tags,
    summary: "Test a webhook",
    description:
      "Sends the event `webhook.test` once, and answers with what came of it: `delivered`, or `dead_letter` with the reason in `error`. It takes 10 seconds at most, and goes to a paused webhook too.",
    request: { params: webhookPath },
    responses: { 200: json(deliverySchema, "What came of it") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await testWebhook(c.get("context"), c.get("caller"), c.req.valid("param").webhookId), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "get",
    path: "/webhooks/{webhookId}/deliveries",
    access: "webhooks:read",
    tags,
    summary: "List a webhook's deliveries",
    description: "Finished deliveries are kept for 30 days.",
    request: { params: webhookPath, query: deliveryQuery },
    responses: { 200: json(deliveryListSchema, "Some deliveries, newest first") },
    errors: ["WEBHOOK_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId } = c.req.valid("param");
    return answer(c, await listDeliveries(c.get("context"), c.get("caller"), webhookId, c.req.valid("query")), 200);
  },
);

webhookRoutes.openapi(
  route({
    method: "post",
    path: "/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
    access: "webhooks:write",
    tags,
    summary: "Redeliver a delivery",
    description:
      "Sends it again, whatever became of it: the same body with the same id, and with all its attempts before it.",
    request: { params: deliveryPath },
    responses: { 202: json(deliverySchema, "It is on its way") },
    errors: ["WEBHOOK_NOT_FOUND", "DELIVERY_NOT_FOUND"],
  }),
  async (c) => {
    const { webhookId, deliveryId } = c.req.valid("param");
    return answer(c, await redeliver(c.get("context"), c.get("caller"), webhookId, deliveryId), 202);
  },
);
