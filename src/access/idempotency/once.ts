/** `Idempotency-Key`: a request that is sent again has its effect once, and gets the first answer. */
import type { Context as HonoContext } from "hono";
import type { Claim } from "../../platform/claim.ts";
import type { Context } from "../../platform/context.ts";
import { fenceColumn } from "../../platform/db/claims.ts";
import { violatesNotNull } from "../../platform/db/client.ts";
import type { KeptAuthority } from "../../platform/db/schema/access.ts";
import { newId } from "../../platform/ids.ts";
import { log } from "../../platform/log.ts";
import { networkOf } from "../../platform/network.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import type { Result } from "../../platform/problems/result.ts";
import { count } from "../../platform/telemetry/recording.ts";
import type { AppEnv, SecretHolder } from "../app-env.ts";
import type { Caller } from "../caller.ts";
import { answerToKeep, keptResult, requestOf } from "./service.ts";
import {
  answerRequest,
  claimRequest,
  erasedBody,
  findRequest,
  type KeptRequest,
  releaseClaim,
  requestMs,
} from "./store.ts";

interface Options {
  /** The value holds a secret; it is kept encrypted, and for ten minutes. */
  readonly secret?: boolean;
  /** Called before a kept answer is sent again; returns the refusal, if any. */
  readonly admitRepetition?: (first: KeptRequest) => Promise<Problem | null>;
}

type Rule<T> = (context: Context) => Promise<Result<T>>;

/** Visible ASCII (RFC 5234 B.1, VCHAR). */
const keyForm = /^[\x21-\x7e]{1,255}$/;

type Sender = { readonly caller: Caller } | { readonly holder: SecretHolder };

function authorityOf(sender: Sender): KeptAuthority {
  if ("holder" in sender) return { role: null, isOperator: false, scopes: [], capabilities: [] };
  const { role, isOperator, scopes, capabilities } = sender.caller;
  return { role, isOperator, scopes, capabilities };
}

/** The claim of an attempt, as a row. */
async function newClaim(c: HonoContext<AppEnv>, context: Context, key: string, sender: Sender): Promise<KeptRequest> {
  const { organizationId, agentId } = "holder" in sender ? sender.holder : sender.caller;
  const actor = "holder" in sender ? null : (sender.caller.delegation?.actorAgentId ?? null);
  const claimedAt = context.now();
  return {
    organizationId,
    agentId,
    ...(await requestOf(c.req, key, actor)),
    claimId: newId<never>(claimedAt),
    attempt: crypto.randomUUID(),
    claimedAt,
    authority: authorityOf(sender),
    answeredAt: null,
    answer: null,
    sealed: false,
    about: null,
    proof: ("holder" in sender && sender.holder.hashes[0]) || null,
    network: "holder" in sender ? networkOf(context.source) : null,
    replayedAt: null,
    expiresAt: claimedAt + requestMs,
  };
}

const counted = (outcome: "first" | "replayed" | "reused" | "in_progress") =>
  count("agentidp_idempotent_requests_total", { outcome });

function reused(message: string): Problem {
  counted("reused");
  return problem("IDEMPOTENCY_KEY_REUSED", message);
}

function inProgress(): Problem {
  counted("in_progress");
  return problem("IDEMPOTENCY_IN_PROGRESS", undefined, { headers: { "Retry-After": "1" } });
}

/** Refuses the first answer to a caller that can do less than the first one could: an answer must not grant anything. */
function refuseLessAuthority(first: KeptRequest, now: KeptRequest): Problem | null {
  const [before, after] = [first.authority, now.authority];
  const scope = before.scopes.find((one) => !after.scopes.includes(one));
  if (scope !== undefined) {
    return problem("FORBIDDEN", `The first request with this Idempotency-Key had the scope ${scope}.`, {
      oauthError: "insufficient_scope",
      details: { requiredScope: scope },
      hint: "Request a token with that scope, or send another Idempotency-Key for a request of its own.",
    });
  }
  const isSame =
    before.role === after.role &&
    before.isOperator === after.isOperator &&
    (first.proof === null) === (now.proof === null) &&
    before.capabilities.every((one) => after.capabilities.includes(one));
  if (isSame) return null;
  return problem("FORBIDDEN", "The first request with this Idempotency-Key came with other authority than this one.", {
    hint: "Authenticate as for the first request, or send another Idempotency-Key for a request of its own.",
  });
}

/**
 * The answer to a request that another attempt has claimed or answered.
 *
 * @param first the row of the request; null when the other attempt has released its claim meanwhile
 */
async function repeated<T extends object>(
  c: HonoContext<AppEnv>,
  context: Context,
  first: KeptRequest | null,
  now: KeptRequest,
  admitRepetition: Options["admitRepetition"],
): Promise<Result<T>> {
  if (!first) return inProgress();
  if (first.bodyHash === erasedBody) {
    return reused("The answer to this Idempotency-Key was removed when the agent that it was about was erased.");
  }
  if (first.bodyHash !== now.bodyHash) return reused("This Idempotency-Key was sent before, with another body.");
  if (first.answeredAt === null) return inProgress();
  const refused = refuseLessAuthority(first, now);
  if (refused) return refused;
  const kept = await keptResult<T>(context, first);
  if (!kept) {
    return reused(
      "The answer to this Idempotency-Key held a secret. It was kept for ten minutes, unless its agent was decommissioned before.",
    );
  }
  const unadmitted = await admitRepetition?.(first);
  if (unadmitted) return unadmitted;
  counted("replayed");
  c.header("Idempotency-Replayed", "true");
  return kept;
}

/** Ends the claim, so that the next attempt need not wait until it is abandoned. */
async function release(context: Context, claim: Claim): Promise<void> {
  await releaseClaim(context, claim).catch((error: unknown) => {
    log.warn(context, "claim of a request left to its end", { error });
  });
}

/**
 * Runs the rule of an attempt that has the claim, and keeps its result.
 *
 * @returns null when another attempt took the claim over: then this one has changed nothing
 */
async function run<T extends object>(context: Context, claim: Claim, rule: Rule<T>): Promise<Result<T> | null> {
  let result: Result<T>;
  try {
    result = await rule({ ...context, claim });
  } catch (error) {
    if (violatesNotNull(error, fenceColumn)) return null;
    // Where the change is in D1, its answer is, and the claim stays. A change that comes later than this finds no claim.
    await release(context, claim);
    throw error;
  }
  if (claim.state.isAnswered) return result;
  const kept = await answerToKeep(context, claim, result);
  if (!kept) {
    await release(context, claim);
    return result;
  }
  return (await answerRequest(context, claim, kept, context.now())) ? result : null;
}

/**
 * Runs the rule of a request with an `Idempotency-Key` once: a request with the same key and body from the same agent to the same
 * path gets the first result again, with `Idempotency-Replayed: true`. Without the header it only runs the rule. The rule must pass
 * the context of its `commitChange` through `answering`; otherwise its result is kept after the change, and a crash in between loses it.
 *
 * @returns also `VALIDATION_ERROR` for a malformed key, `IDEMPOTENCY_KEY_REUSED` for another body, `IDEMPOTENCY_IN_PROGRESS` while
 *   the first attempt runs, `FORBIDDEN` to a caller that can do less than the first one could
 *
 * @example
 * ```ts
 * answer(c, await once(c, (context) => addDomain(context, c.get("caller"), orgId, domain)), 201);
 * ```
 */
export async function once<T extends object>(
  c: HonoContext<AppEnv>,
  rule: Rule<T>,
  { secret = false, admitRepetition }: Options = {},
): Promise<Result<T>> {
  const context = c.get("context");
  const key = c.req.header("Idempotency-Key");
  if (key === undefined) return rule(context);
  if (!keyForm.test(key)) {
    const message = "must be 1 to 255 visible ASCII characters, such as a UUID";
    return invalid([{ path: "Idempotency-Key", message, received: key }]);
  }
  const holder = c.get("client");
  const now = await newClaim(c, context, key, holder ? { holder } : { caller: c.get("caller") });
  const { organizationId, agentId, route, keyHash, claimId: id, attempt } = now;
  const request = { organizationId, agentId, route, keyHash };
  const claim = { ...request, id, attempt, isSecret: secret, state: { isAnswered: false } };
  const row = await claimRequest(context, now).catch(async (error: unknown) => {
    // The claim may have been made, and the caller will repeat the request at once.
    await release(context, claim);
    throw error;
  });
  if (row?.attempt !== attempt) return repeated(c, context, row, now, admitRepetition);
  const running = run(context, { ...claim, id: row.claimId }, rule);
  // The runtime ends the request of a client that closes the connection. The repetition would then wait until the claim is abandoned.
  context.defer(running.catch(() => undefined));
  const result = await running;
  if (!result) return repeated(c, context, await findRequest(context, now), now, admitRepetition);
  counted("first");
  return result;
}
