/** A grant: one way to get an access token (RFC 6749 1.3). Each has a file here, and `index.ts` collects them. */
import type { z } from "@hono/zod-openapi";
import type { ProofOfPossession, Target } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import type { Result } from "../../../platform/problems/result.ts";
import type { LabelsOf } from "../../../platform/telemetry/catalogue.ts";
import type { ClientRequest } from "../client-authentication.ts";
import type { IssuedToken } from "../issue.ts";

/** A token request with valid common parameters. */
export interface GrantRequest<Parameters extends z.ZodRawShape = z.ZodRawShape> extends ClientRequest {
  /** The common parameters and the grant's own. */
  readonly form: ClientRequest["form"] & z.output<z.ZodObject<Parameters>> & { readonly [name: string]: unknown };
  /** null when the request names none. */
  readonly scopes: readonly string[] | null;
  /** The API that the token is for (RFC 8707). */
  readonly target: Target;
  /** RFC 9449; null for a bearer token. */
  readonly proof: ProofOfPossession | null;
}

/** A grant: its type, its parameters and its handler. */
export interface Grant<Parameters extends z.ZodRawShape = z.ZodRawShape> {
  /** `grant_type`. */
  readonly grantType: string;
  /** The grant's name in the metrics. */
  readonly label: LabelsOf<"agentidp_tokens_issued_total">["grant"];
  /** The parameters of this grant alone. Each is optional in the form, for the requests of other grants. */
  readonly parameters: Parameters;
  issue(context: Context, request: GrantRequest<Parameters>): Promise<Result<IssuedToken>>;
}
