/** Requests that can be repeated: a claim before the rule runs, and the answer, which is written in one batch with the change. */
import { hash } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { HonoRequest } from "hono";
import type { Claim, KeptAnswer, RequestKey } from "../../platform/claim.ts";
import type { Context } from "../../platform/context.ts";
import { sha256Hex } from "../../platform/crypto/canonical-json.ts";
import { open, seal, sealedPlace } from "../../platform/crypto/sealing.ts";
import type { AgentId } from "../../platform/ids.ts";
import { type Problem, problemRegistry } from "../../platform/problems/problems.ts";
import type { Result } from "../../platform/problems/result.ts";
import type { ScheduledPart } from "../../platform/scheduled.ts";
import { type KeptRequest, removeExpired, secretMs } from "./store.ts";

export { removeAnswersAbout, removeRequestsOf, removeSecretsAbout, useUpRepetition } from "./store.ts";

/** A request of an agent, and its body. */
export interface NamedRequest extends Pick<RequestKey, "route" | "keyHash"> {
  /** SHA-256. */
  readonly bodyHash: string;
}

const uuid = z.uuid();

/**
 * Names a request of an agent: its key is stored as a hash. Upper and lower case make no difference in a UUID (RFC 9562 4), neither
 * as a key nor in the path, where every parameter of a repeatable operation is one.
 *
 * @param actor the agent that acts for it by a delegation, which is another caller. A key holds no blank, so the hashes differ
 */
export async function requestOf(req: HonoRequest, key: string, actor: AgentId | null): Promise<NamedRequest> {
  const named = uuid.safeParse(key).success ? key.toLowerCase() : key;
  return {
    route: `${req.method} ${req.path.toLowerCase()}`,
    keyHash: sha256Hex(actor === null ? named : `${actor} ${named}`),
    bodyHash: hash("sha256", new Uint8Array(await req.arrayBuffer()), "hex"),
  };
}

/** What is kept of an answer: the value of the service function, or its problem. */
type Kept = { readonly value: object } | { readonly problem: Problem };

async function keptAnswer({ settings }: Context, claim: Claim, kept: Kept, about: AgentId | null): Promise<KeptAnswer> {
  const json = JSON.stringify(kept);
  const sealed = claim.isSecret && "value" in kept;
  const text = sealed ? await seal(settings.keyEncryptionKeys, json, sealedPlace.idempotentAnswer(claim.id)) : json;
  return { text, sealed, about };
}

/**
 * The context for the change that decides the answer of a request: `commitChange` then writes both in one batch. Without an
 * `Idempotency-Key` it is the same context.
 *
 * @param value what the rule returns when the change is made
 * @param about the agent that the value describes; the kept answer is removed with it
 *
 * @example
 * ```ts
 * const agent = publicAgent(context, prepared);
 * if (!(await commitChange(await answering(context, agent, agent.agentId), statements, events))) return whyRefused(context);
 * return ok(agent);
 * ```
 */
export async function answering(context: Context, value: object, about: AgentId | null = null): Promise<Context> {
  const { claim } = context;
  if (!claim) return context;
  return { ...context, claim: { ...claim, answer: await keptAnswer(context, claim, { value }, about) } };
}

/** A refusal that another attempt may not meet is not kept: of the form, of the caller, of a limit, and a failure of the service. */
const passing: readonly number[] = [400, 401, 403, 429, 500, 503];

/** What to keep of a result whose change has not written its answer; null for nothing. */
export async function answerToKeep(context: Context, claim: Claim, result: Result<object>): Promise<KeptAnswer | null> {
  if (result.ok) return keptAnswer(context, claim, { value: result.value }, null);
  if (passing.includes(problemRegistry[result.code].status)) return null;
  return keptAnswer(context, claim, { problem: result }, null);
}

/** The kept result of an answered request; null when it was a secret and is not available any more. */
export async function keptResult<T extends object>(
  context: Context,
  { answer, answeredAt, sealed, claimId }: KeptRequest,
): Promise<Result<T> | null> {
  if (answer === null || (sealed && context.now() >= (answeredAt ?? 0) + secretMs)) return null;
  const place = sealedPlace.idempotentAnswer(claimId);
  const json = sealed ? await open(context.settings.keyEncryptionKeys, answer, place) : answer;
  if (json === null) return null;
  const kept = JSON.parse(json) as { readonly value: T } | { readonly problem: Problem };
  return "value" in kept ? { ok: true, value: kept.value } : kept.problem;
}

/** The rows of one statement at most. */
const atOnce = 5_000;

/** Removes secrets after ten minutes and rows after a day. Neither is used after its time, whether this part ran or not. */
export const forgetRequests: ScheduledPart = {
  name: "idempotent_requests",
  queries: 3,
  run(context) {
    const nowMs = context.now();
    return removeExpired(context, { answeredAt: nowMs - secretMs, nowMs, limit: atOnce });
  },
};
