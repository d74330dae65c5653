/** Puts a server under load over HTTP and measures it. */
import autocannon from "autocannon";

/** One request. The path may have a query. */
export interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Load {
  readonly origin: string;
  /** The same each time, or a new one each time. */
  readonly request: Request | (() => Request);
  readonly connections: number;
  readonly until: { readonly seconds: number } | { readonly requests: number };
}

/** The performance of a server under load. */
export interface Figures {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** The percentile of sorted values; `part` from 0 to 1. */
const percentile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

function settingsOf({ origin, request, connections, until }: Load): autocannon.Options {
  const base = {
    url: origin,
    connections,
    timeout: 30,
    // The interval of the check for the end, in milliseconds; the default is a second.
    sampleInt: 100,
    ...("seconds" in until ? { duration: until.seconds } : { amount: until.requests }),
  };
  if (typeof request === "function") {
    // A copy each time: the fields would otherwise stay for the next request.
    return { ...base, requests: [{ setupRequest: (defaults) => ({ ...defaults, ...request() }) }] };
  }
  return { ...base, requests: [request] };
}

/**
 * Runs a load to its end.
 *
 * @throws {Error} when an answer is missing or not a 2xx
 */
export async function run(load: Load): Promise<Figures> {
  const durations: number[] = [];
  const { promise: ended, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const instance = autocannon(settingsOf(load), (error, result) => (error ? reject(error) : resolve(result)));
  // The histogram of the result has whole milliseconds only.
  const startedMs = performance.now();
  let lastMs = startedMs;
  instance.on("response", (_client, _status, _bytes, milliseconds) => {
    durations.push(milliseconds);
    lastMs = performance.now();
  });
  const result = await ended;
  const lost = result.errors + result.timeouts + result.non2xx;
  if (lost > 0 || durations.length === 0) {
    const counts = JSON.stringify({ answers: durations.length, ...result.statusCodeStats });
    throw new Error(`${load.origin}: ${lost} requests without a 2xx (errors ${result.errors}): ${counts}`);
  }
  const sorted = Float64Array.from(durations).sort();
  return {
    requestsPerSecond: (durations.length * 1000) / (lastMs - startedMs),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}
