/** The table of grants: adding one adds a file here and a line below. */
import type { ProofOfPossession } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import type { Result } from "../../../platform/problems/result.ts";
import type { PresentedClient } from "../client-authentication.ts";
import type { IssuedToken } from "../issue.ts";
import type { TokenForm } from "../schema.ts";
import { clientCredentials } from "./client-credentials.ts";
import { jwtBearer, jwtBearerGrantType } from "./jwt-bearer.ts";
import { tokenExchange, tokenExchangeGrantType } from "./token-exchange.ts";

/** A token request whose common parameters have been read. */
export interface GrantRequest {
  /** Reads the client's authentication; a grant that needs none does not call it. */
  readonly client: () => Result<PresentedClient>;
  /** Whether the request authenticates its client, rightly or not. */
  readonly presentsClient: boolean;
  /** null when the request names none. */
  readonly scopes: readonly string[] | null;
  /** RFC 8707; empty when the request names none. */
  readonly resources: readonly string[];
  /** RFC 9449; null for a bearer token. */
  readonly proof: ProofOfPossession | null;
  readonly form: TokenForm;
}

export type Grant = (context: Context, request: GrantRequest) => Promise<Result<IssuedToken>>;

export const grants: ReadonlyMap<string, Grant> = new Map([
  ["client_credentials", clientCredentials],
  [jwtBearerGrantType, jwtBearer],
  [tokenExchangeGrantType, tokenExchange],
]);
