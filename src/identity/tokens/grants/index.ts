/** The grants of the token endpoint: adding one adds a file here and a line below. */
import type { z } from "@hono/zod-openapi";
import { clientCredentials } from "./client-credentials.ts";
import type { Grant } from "./grant.ts";
import { jwtBearer } from "./jwt-bearer.ts";
import { tokenExchange } from "./token-exchange.ts";

const all: readonly Grant[] = [clientCredentials, jwtBearer, tokenExchange];

/** By `grant_type`. */
export const grants: ReadonlyMap<string, Grant> = new Map(all.map((grant) => [grant.grantType, grant]));

/** The parameters of all grants, for the one form that they share. */
export const grantParameters: z.ZodRawShape = Object.assign({}, ...all.map(({ parameters }) => parameters));
