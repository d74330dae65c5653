/** The facts of an answer beside its value. */
import type { Answered, RateLimit } from "./call.ts";
import type { Sent } from "./transport.ts";

function rateLimitOf(headers: Headers): RateLimit | undefined {
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((name) => headers.get(`x-ratelimit-${name}`));
  if (!limit || !remaining || !reset) return undefined;
  return { limit: Number(limit), remaining: Number(remaining), resetSeconds: Number(reset) };
}

export const answeredWith = <T>(value: T, { reply, attempts }: Sent): Answered<T> => ({
  value,
  status: reply.status,
  headers: reply.headers,
  requestId: reply.headers.get("x-request-id") ?? undefined,
  rateLimit: rateLimitOf(reply.headers),
  attempts,
});
