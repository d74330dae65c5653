/** The form of the token endpoint: the common parameters, and those of every grant. */
import { z } from "@hono/zod-openapi";
import { grantParameters } from "./grants/index.ts";
import { commonParameters } from "./schema.ts";

export const tokenRequestSchema = z.looseObject({ ...grantParameters, ...commonParameters }).openapi("TokenRequest");

/** A form with its common parameters. Each grant reads its own. */
export type TokenForm = z.output<z.ZodObject<typeof commonParameters>> & { readonly [name: string]: unknown };
