/** The form of the token endpoint: the common parameters, and those of every grant. */
import { z } from "@hono/zod-openapi";
import { component, enumeration } from "../../platform/http/components.ts";
import { grantParameters, grants } from "./grants/index.ts";
import { commonParameters, resourceMeaning } from "./schema.ts";

const fields = { ...grantParameters, ...commonParameters };

/** The document has the values that the service takes; for others, the grants and the rules of the endpoint have their own errors. */
export const tokenRequestSchema = component(
  "TokenRequest",
  z.looseObject(fields),
  z
    .object({
      ...fields,
      grant_type: enumeration("GrantType", [...grants.keys()]),
      resource: z
        .array(z.string())
        .max(16)
        .optional()
        .openapi({
          description: `${resourceMeaning}. Sent once for each value`,
          example: ["https://resumes.example.com"],
        }),
    })
    .openapi({ example: { grant_type: "client_credentials", scope: "agents:read audit:read" } }),
);

/** A form with its common parameters. Each grant reads its own. */
export type TokenForm = z.output<z.ZodObject<typeof commonParameters>> & { readonly [name: string]: unknown };
