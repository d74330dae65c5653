/** How a client says who it is (RFC 6749 2.3, RFC 7523 2.2): read from the request here, judged by the ledger. */

import type { AuthenticateNewestSecret, RateHeaders } from "../../access/app-env.ts";
import { findRepetition, type Repetition } from "../../access/idempotency/repetition.ts";
import { hintOfClient, refusedClient } from "../../access/secret-holder.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { AuthenticatedClient, Counting, Presented, Refused, Throttled } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { parseJws } from "../../platform/crypto/jws.ts";
import { hashUnderEach } from "../../platform/crypto/keyed-hash.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { parseBasic } from "./basic-credentials.ts";
import { braked, noteUnknownClient } from "./flood-brake.ts";
import { overLimit, rateHeaders } from "./limits.ts";
import type { ClientForm } from "./schema.ts";
import { findOrganizationOfClient } from "./store.ts";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A claimed identity and its proof, not yet checked. */
export interface PresentedClient {
  readonly clientId: string;
  readonly presented: Presented;
}

/** What a client sees when it is not let in, whatever the reason (RFC 6749 5.2). */
export function invalidClient(): Problem {
  return problem("UNAUTHORIZED", "Client authentication failed.", {
    oauthError: "invalid_client",
    hint: hintOfClient,
    headers: { "WWW-Authenticate": 'Basic realm="agentidp", charset="UTF-8"' },
  });
}

const invalidRequest = (message: string) => problem("VALIDATION_ERROR", message, { oauthError: "invalid_request" });

/** Client ids are compared and looked up in one spelling, and nothing longer than an id goes further. */
export const normalize = (clientId: string) => clientId.toLowerCase().slice(0, 64).toWellFormed();

/** The part of a request that authenticates its client. */
export interface ClientRequest {
  /** The `Authorization` header, if any. */
  readonly authorization: string | undefined;
  readonly form: ClientForm;
  /** The path that was called, which an assertion may name as its audience. */
  readonly path: string;
}

/** Whether the request authenticates its client at all; a `client_id` alone does not. */
export function presentsClient({ authorization, form }: ClientRequest): boolean {
  return [authorization, form.client_secret, form.client_assertion].some((method) => method !== undefined);
}

/** Reads the one way in which the request authenticates its client. */
export function readClient(context: Context, { authorization, form, path }: ClientRequest): Result<PresentedClient> {
  // Any scheme is a method: generated clients send a default `Authorization: Bearer` beside the secret in the form.
  const methods = [authorization, form.client_secret, form.client_assertion].filter((method) => method !== undefined);
  if (methods.length > 1) {
    return invalidRequest(
      "Authenticate the client in one way only: by the Authorization header, by client_secret or by client_assertion.",
    );
  }
  const basic = authorization === undefined ? undefined : /^Basic +(\S+)$/i.exec(authorization);
  if (basic === null) return invalidClient();
  if (form.client_assertion !== undefined) {
    if (form.client_assertion_type !== assertionType)
      return invalidRequest(`client_assertion_type must be ${assertionType}.`);
    // Also of an assertion that will be refused for its header: the log of its client names the reason.
    const claimed = parseJws(form.client_assertion).payload?.sub;
    if (typeof claimed !== "string") return invalidClient();
    if (form.client_id !== undefined && normalize(form.client_id) !== normalize(claimed)) {
      return invalidRequest("client_id is not the subject of client_assertion.");
    }
    const { issuer } = context.settings;
    const audiences = [issuer, `${issuer}${path}`, `${issuer}/api/v1/token`];
    return ok({
      clientId: normalize(claimed),
      presented: { kind: "assertion", jwt: form.client_assertion, audiences },
    });
  }
  const pair =
    basic?.[1] === undefined ? { clientId: form.client_id, clientSecret: form.client_secret } : parseBasic(basic[1]);
  if (!pair?.clientId || !pair.clientSecret) return invalidClient();
  if (form.client_id !== undefined && normalize(form.client_id) !== normalize(pair.clientId)) {
    return invalidRequest("client_id is not the client of the Authorization header.");
  }
  const hashes = hashUnderEach(context.settings.secretHashKeys, pair.clientSecret);
  return ok({ clientId: normalize(pair.clientId), presented: { kind: "secret", hashes } });
}

/**
 * The organization of a client. A client id that does not exist costs no call of a ledger.
 *
 * @returns `UNAUTHORIZED` for an id that does not exist, `RATE_LIMIT_EXCEEDED` when the network has sent too many of them
 */
export async function organizationOfClient(context: Context, clientId: string): Promise<Result<OrganizationId>> {
  const organizationId = await findOrganizationOfClient(context, clientId);
  if (organizationId) return ok(organizationId);
  const throttled = noteUnknownClient(context.source, context.now());
  return throttled ? refusal(throttled) : invalidClient();
}

/** The answer to a client that the ledger did not let in. */
export function refusal(outcome: Refused | Throttled): Problem {
  if (outcome.outcome === "refused") return invalidClient();
  count("agentidp_rate_limit_rejections_total", { limit: "failedSignIns" });
  return problem("RATE_LIMIT_EXCEEDED", "Too many failed attempts from this address.", {
    oauthError: "temporarily_unavailable",
    headers: { "Retry-After": String(outcome.retryAfterSeconds) },
  });
}

/** {@link AuthenticateNewestSecret} for the guards of routes. */
export const authenticateNewestSecret: AuthenticateNewestSecret = async (context, authorization, named, request) => {
  const read = readClient(context, { authorization, form: {}, path: "" });
  if (!read.ok || read.value.presented.kind !== "secret") return refusedClient();
  const { clientId, presented } = read.value;
  let repetition: Repetition | null = null;
  const authenticated = await authenticateClient(context, { clientId, presented }, "call", async (organizationId) => {
    const key = request && { organizationId, agentId: clientId as AgentId, ...request };
    repetition = key && (await findRepetition(context, key, presented.hashes));
    return { ...presented, newestOf: { ...named, replaced: repetition } };
  });
  if (!authenticated.ok) return authenticated.code === "UNAUTHORIZED" ? refusedClient() : authenticated;
  const { agentId, organizationId, credentialId } = authenticated.value.client;
  const repeats = (repetition as Repetition | null)?.claimId ?? null;
  const holder = { agentId, organizationId, credentialId, hashes: presented.hashes, repeats };
  return ok({ holder, headers: authenticated.value.headers });
};

/**
 * Lets a client in without issuing anything.
 *
 * @param complete what the ledger gets in place of `presented`. Not called for a client that is braked: a flood must not read D1
 */
export async function authenticateClient(
  context: Context,
  client: PresentedClient,
  counting: Counting,
  complete: (organizationId: OrganizationId) => Promise<Presented> = async () => client.presented,
): Promise<Result<{ readonly client: AuthenticatedClient; readonly headers: RateHeaders }>> {
  const organization = await organizationOfClient(context, client.clientId);
  if (!organization.ok) return organization;
  const { clientId, presented } = client;
  const request = { agentId: clientId as AgentId, presented, source: context.source };
  const outcome = await braked(context, request, async (stopped) =>
    ledgerOf(context, organization.value).authenticateClient(
      { ...request, presented: await complete(organization.value), stopped },
      counting,
    ),
  );
  if (outcome.outcome === "limited") return overLimit(context, outcome);
  if (outcome.outcome !== "authenticated") return refusal(outcome);
  return ok({ client: outcome.client, headers: rateHeaders(outcome.rate) });
}
