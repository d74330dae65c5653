/** Signing in to the console with a client secret: as at the token endpoint, but no token leaves the service. */
import type { RateHeaders } from "../../access/app-env.ts";
import { refusedClient } from "../../access/secret-holder.ts";
import { currentSigningKey, forgetSigningKeys } from "../../keys/service.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { SessionOutcome } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { hashUnderEach } from "../../platform/crypto/keyed-hash.ts";
import type { AgentId, Scope } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { normalize, organizationOfClient, refusal } from "./client-authentication.ts";
import { braked } from "./flood-brake.ts";
import { overLimit, rateHeaders } from "./limits.ts";

/** A client id and a secret as a person has typed them. */
export interface TypedSecret {
  readonly clientId: string;
  readonly clientSecret: string;
  /** null: every platform scope that the agent holds. */
  readonly scopes: readonly Scope[] | null;
}

/** A session that the ledger has opened and that is not stored yet. */
export interface OpenedSession extends Pick<Opened, "client" | "tokenId" | "openedAtMs" | "scopes"> {
  readonly signingKeyId: string;
  readonly headers: RateHeaders;
}

type Opened = Extract<SessionOutcome, { outcome: "opened" }>;

/** A challenge for Basic opens a dialog of the browser (RFC 7617), so the answer has none. */
const withoutBasic = (refused: Problem): Problem => (refused.code === "UNAUTHORIZED" ? refusedClient() : refused);

function notOpened(context: Context, outcome: Exclude<SessionOutcome, Opened>): Problem {
  switch (outcome.outcome) {
    case "scope_refused":
      return problem("VALIDATION_ERROR", `The agent may not be granted: ${outcome.outside.join(" ")}.`, {
        oauthError: "invalid_scope",
        details: { outside: outcome.outside },
      });
    case "proof_required":
      return problem("FORBIDDEN", "This agent demands tokens that are bound to a key, and a browser has no such key.", {
        hint: "Sign in as another agent, or switch `dpopRequired` off for this one.",
      });
    case "limited":
      return overLimit(context, outcome);
    case "signing_key_dropped":
      return problem("SERVICE_UNAVAILABLE", "No signing key.");
    default:
      return withoutBasic(refusal(outcome));
  }
}

/**
 * Opens a session for a client with the right secret. Every wrong id and every wrong secret gets one answer, and the failures of a
 * network are throttled, as at the token endpoint: a right secret is accepted all the same.
 *
 * @returns `UNAUTHORIZED`, `RATE_LIMIT_EXCEEDED`, `VALIDATION_ERROR` for a scope that the agent does not hold, `FORBIDDEN` for an
 *   agent that demands DPoP
 */
export async function openSession(
  context: Context,
  { clientId: typed, clientSecret, scopes }: TypedSecret,
): Promise<Result<OpenedSession>> {
  const clientId = normalize(typed);
  const organization = await organizationOfClient(context, clientId);
  if (!organization.ok) return withoutBasic(organization);
  const presented = { kind: "secret" as const, hashes: hashUnderEach(context.settings.secretHashKeys, clientSecret) };
  const request = { agentId: clientId as AgentId, presented, source: context.source };
  for (let attempt = 1; ; attempt++) {
    const { kid: signingKeyId } = await currentSigningKey(context, "ES256");
    const outcome = await braked(context, request, (stopped) =>
      ledgerOf(context, organization.value).openSession({ ...request, stopped, scopes, signingKeyId }),
    );
    if (outcome.outcome === "opened") {
      const { client, tokenId, openedAtMs, scopes: granted, rate } = outcome;
      return ok({ client, tokenId, openedAtMs, scopes: granted, signingKeyId, headers: rateHeaders(rate) });
    }
    if (outcome.outcome !== "signing_key_dropped" || attempt === 3) return notOpened(context, outcome);
    forgetSigningKeys(context, signingKeyId);
  }
}
