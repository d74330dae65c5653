/**
 * Brakes against floods of refused requests, in the memory of one isolate. They spare the ledgers; they promise nothing, because
 * there are many isolates. The ledger decides on every request that passes.
 */
import QuickLRU from "quick-lru";
import { checkAssertion } from "../../ledger/assertion.ts";
import type { Presented, Throttled } from "../../ledger/contract.ts";
import type { Context, Source } from "../../platform/context.ts";
import type { AgentId } from "../../platform/ids.ts";
import { networkOf } from "../../platform/network.ts";
import { isYounger, minuteMs } from "../../platform/time.ts";
import { findClientKey } from "./store.ts";

interface Window {
  readonly beganMs: number;
  readonly count: number;
}

/** Counts in fixed windows; QuickLRU holds up to twice `maxSize` of them. */
class Counter {
  readonly #windows = new QuickLRU<string, Window>({ maxSize: 5_000 });
  readonly #most: number;
  readonly #windowMs: number;

  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
  }

  add(key: string, nowMs: number): void {
    const window = this.#current(key, nowMs);
    this.#windows.set(key, { beganMs: window?.beganMs ?? nowMs, count: (window?.count ?? 0) + 1 });
  }

  /** Seconds until the window with too many ends; 0 when there are not too many. */
  secondsClosed(key: string, nowMs: number): number {
    const window = this.#current(key, nowMs);
    if (!window || window.count < this.#most) return 0;
    return Math.ceil((window.beganMs + this.#windowMs - nowMs) / 1000);
  }

  #current(key: string, nowMs: number): Window | undefined {
    const window = this.#windows.peek(key);
    return window && isYounger(window.beganMs, this.#windowMs, nowMs) ? window : undefined;
  }
}

/** Requests from one network with client ids that do not exist. */
const unknownClients = new Counter(60, minuteMs);

/** Counts a request with a client id that does not exist. Throttled when the network has sent too many. */
export function noteUnknownClient(source: Source, nowMs: number): Throttled | null {
  const network = networkOf(source);
  const retryAfterSeconds = unknownClients.secondsClosed(network, nowMs);
  unknownClients.add(network, nowMs);
  return retryAfterSeconds > 0 ? { outcome: "throttled", retryAfterSeconds } : null;
}

/** The refusals of one client by one method of authentication. */
const refusals = new Counter(200, 10_000);

/** The requests of each client that were stopped here and that its ledger does not know of. QuickLRU holds up to twice `maxSize`. */
const stopped = new QuickLRU<string, number>({ maxSize: 5_000 });

function stop(clientId: string, retryAfterSeconds: number): Throttled {
  stopped.set(clientId, (stopped.peek(clientId) ?? 0) + 1);
  return { outcome: "throttled", retryAfterSeconds };
}

/** Passes the count of the stopped requests on, for the audit log. After a failure it waits for the next call. */
async function withStopped<T>(clientId: string, callLedger: (stopped: number) => Promise<T>): Promise<T> {
  const count = stopped.peek(clientId) ?? 0;
  stopped.delete(clientId);
  try {
    return await callLedger(count);
  } catch (error) {
    if (count > 0) stopped.set(clientId, (stopped.peek(clientId) ?? 0) + count);
    throw error;
  }
}

/** The secrets that have authenticated, or would in another state of their agent: the time until which each is remembered. QuickLRU holds up to twice `maxSize`. */
const goodSecrets = new QuickLRU<string, number>({ maxSize: 500 });
const rememberedMs = 10 * minuteMs;

/** A client and its proof, as the ledger gets them. */
interface Client {
  readonly agentId: AgentId;
  readonly presented: Presented;
}

const methodOf = ({ agentId, presented }: Client) => `${presented.kind}|${agentId}`;

/** The HMAC of the secret under the first hash key names the secret. */
const secretOf = ({ agentId, presented }: Client) =>
  presented.kind === "secret" ? `${agentId}|${presented.hashes[0]?.hash}` : null;

/** Whether the ledger would probably accept the client, as far as this isolate can know. */
async function isProbablyRight(context: Context, client: Client): Promise<boolean> {
  const { agentId, presented } = client;
  const secret = secretOf(client);
  if (secret !== null) return (goodSecrets.get(secret) ?? 0) > context.now();
  // The Worker has verified a workload's token before.
  if (presented.kind !== "assertion") return true;
  const key = await findClientKey(context, agentId);
  return key !== null && (await checkAssertion(presented.jwt, agentId, key, presented.audiences, context.now())).ok;
}

/** An outcome of the ledger. */
interface Outcome {
  readonly outcome: string;
  readonly isProven?: true;
}

/** The outcomes of the ledger that say nothing about the client, or that it was not accepted. */
const notAuthenticated = ["refused", "throttled", "signing_key_dropped"];

/**
 * Calls the ledger with a client's request. While the client has too many refusals by this method, requests that are probably
 * wrong are throttled here, and the next call tells the ledger how many.
 */
export async function braked<O extends Outcome>(
  context: Context,
  client: Client,
  callLedger: (stopped: number) => Promise<O>,
): Promise<O | Throttled> {
  const retryAfterSeconds = refusals.secondsClosed(methodOf(client), context.now());
  if (retryAfterSeconds > 0 && !(await isProbablyRight(context, client)))
    return stop(client.agentId, retryAfterSeconds);
  const result = await withStopped(client.agentId, callLedger);
  const { outcome, isProven = false } = result;
  if (outcome === "refused" || outcome === "throttled") refusals.add(methodOf(client), context.now());
  const secret = secretOf(client);
  // A suspended client is to be accepted as soon as it is active again, however often it has tried.
  const isGood = isProven || !notAuthenticated.includes(outcome);
  if (secret !== null && isGood) goodSecrets.set(secret, context.now() + rememberedMs);
  return result;
}

/** The same for a workload's token that the Worker has refused: nothing passes while there are too many. */
export async function brakedRefusal<O extends Outcome>(
  context: Context,
  clientId: string,
  callLedger: (stopped: number) => Promise<O>,
): Promise<O | Throttled> {
  const key = `refused workload|${clientId}`;
  const retryAfterSeconds = refusals.secondsClosed(key, context.now());
  if (retryAfterSeconds > 0) return stop(clientId, retryAfterSeconds);
  refusals.add(key, context.now());
  return withStopped(clientId, callLedger);
}
