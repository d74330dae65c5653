/** `/setup`, and the creation of an organization. */
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../../access/app-env.ts";
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { createdOrganizationSchema, createOrganizationSchema, setUpResultSchema, setUpSchema } from "./schema.ts";
import { createOrganization } from "./service.ts";
import { refuseSetup, setUpOrRecover } from "./setup.ts";

export const onboardingRoutes = createRouter();

const secretInAnswer = { "Cache-Control": "no-store" };

/** Before the validation, so that a caller without the token learns nothing about the route. */
const setupTokenOnly = createMiddleware<AppEnv>(async (c, next) => {
  const refusal = refuseSetup(c.get("context"), c.req.header("Authorization"));
  return refusal ? fail(c, refusal) : next();
});

onboardingRoutes.post("/setup", setupTokenOnly);

onboardingRoutes.openapi(
  route({
    method: "post",
    path: "/setup",
    access: "public",
    tags: ["Set-up"],
    operationId: "setUp",
    summary: "Set the service up",
    sdk: { call: "setUp", retry: "never" },
    description:
      "Creates the operator's organization, its first admin agent and a credential, once. Later, `recoverAgentId` gives an active admin of that organization one new credential, for an operator that has lost every way to sign in. The bearer token is the setting `SETUP_TOKEN`. Without that setting the route does not exist.",
    request: {
      body: {
        required: true,
        ...json(setUpSchema, "The operator's organization and its first admin, or the admin to recover"),
      },
    },
    responses: {
      201: json(setUpResultSchema, "The organization, and its admin with the client secret, which is shown only here"),
    },
    errors: ["UNAUTHORIZED", "NOT_FOUND", "AGENT_NOT_FOUND", "ALREADY_SET_UP"],
  }),
  async (c) => answer(c, await setUpOrRecover(c.get("context"), c.req.valid("json")), 201, secretInAnswer),
);

onboardingRoutes.openapi(
  route({
    method: "post",
    path: "/organizations",
    access: "admin:orgs",
    changesAuthority: true,
    entityTag: true,
    tags: ["Organizations"],
    summary: "Create an organization",
    sdk: { call: "organizations.create", retry: "keyed" },
    description: "For admins of the operator's organization. The default of `planTier` is `free`.",
    request: { body: { required: true, ...json(createOrganizationSchema, "The organization and its first admin") } },
    responses: {
      201: json(
        createdOrganizationSchema,
        "The organization, and its admin with the client secret, which is shown only here",
      ),
    },
    errors: ["SLUG_TAKEN"],
  }),
  async (c) => {
    return answerRecord(
      c,
      await once(c, (context) => createOrganization(context, c.get("caller"), c.req.valid("json")), { secret: true }),
      201,
      {
        headers: secretInAnswer,
        representationOf: ({ admin: _, ...organization }) => organization,
      },
    );
  },
);
