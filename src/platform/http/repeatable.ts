/** The form of repeatable operations in the OpenAPI document; `access/idempotency/` has their behaviour. */
import type { RouteConfig } from "@hono/zod-openapi";
import type { ProblemCode } from "../problems/problems.ts";

const parameter = {
  name: "Idempotency-Key",
  in: "header" as const,
  required: false,
  description:
    "Makes the request safe to repeat: for 24 hours, the same key with the same body from the same agent gets the first answer again, and nothing is made twice. Best a new random UUID for each request. Another body: 409 `IDEMPOTENCY_KEY_REUSED`. While the first request runs: 409 `IDEMPOTENCY_IN_PROGRESS`. An answer with a secret is kept, encrypted, for 10 minutes. Answers with 400, 401, 403, 429 and 5xx are not kept.",
  schema: {
    type: "string" as const,
    minLength: 1,
    maxLength: 255,
    pattern: "^[\\x21-\\x7e]+$",
    example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
  },
};

const header = {
  "Idempotency-Replayed": {
    description: "`true` on the repeated answer to an `Idempotency-Key`; otherwise absent",
    schema: { type: "string" as const, enum: ["true"] },
  },
};

/** The header parameter, the header of the successful answers, and the errors of a repeatable operation. */
export function repeatableForm(responses: RouteConfig["responses"]) {
  const errors: readonly ProblemCode[] = ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"];
  const withHeader = Object.entries(responses).map(([status, response]) => {
    const present = "headers" in response ? (response.headers as object) : {};
    return [status, { ...response, headers: { ...present, ...header } }];
  });
  return { errors, parameters: [parameter], responses: Object.fromEntries(withHeader) as RouteConfig["responses"] };
}
