/** The facts of an answer beside its value. */
import type { Answered, RateLimit } from "./call.ts";
import type { Sent } from "./transport.ts";

/** The members of a list of structured fields (RFC 9651 3.1), whose names have no comma. */
const membersOf = (text: string | null): readonly (readonly string[])[] =>
  (text ?? "").split(",").map((member) => member.split(";").map((part) => part.trim()));

/** `RateLimit` and its policy (draft-ietf-httpapi-ratelimit-headers-10); the first limit, where there are several. */
function rateLimitOf(headers: Headers): RateLimit | undefined {
  const [state = []] = membersOf(headers.get("ratelimit"));
  const policy = membersOf(headers.get("ratelimit-policy")).find(([name]) => name === state[0]);
  const number = (member: readonly string[] | undefined, key: string) =>
    Number(member?.find((part) => part.startsWith(key))?.slice(key.length));
  const [limit, remaining, resetSeconds] = [number(policy, "q="), number(state, "r="), number(state, "t=")];
  return Number.isNaN(limit + remaining + resetSeconds) ? undefined : { limit, remaining, resetSeconds };
}

export const answeredWith = <T>(value: T, { reply, attempts }: Sent): Answered<T> => ({
  value,
  status: reply.status,
  headers: reply.headers,
  requestId: reply.headers.get("x-request-id") ?? undefined,
  rateLimit: rateLimitOf(reply.headers),
  attempts,
});
