/** A service that gives known answers, and what an error of them must be. */
import assert from "node:assert/strict";
import { AccessToken, AgentIdPClient, AgentIdPError, type ClientOptions } from "@sentryagent/idp-sdk";

export const base = "https://idp.example.com";

export type Answers = readonly (readonly [status: number, body: unknown, headers?: Record<string, string>])[];

/** A fetch that gives these answers, one after the other, and keeps what was sent. */
export function fetching(answers: Answers) {
  const sent: Request[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const [status, body, headers] = answers[sent.length] ?? [500, {}];
    sent.push(new Request(input, init));
    return new Response(status === 204 ? null : JSON.stringify(body), headers ? { status, headers } : { status });
  };
  return { fetch, sent };
}

/** That an error is one of the library, with these facts. */
export const is = (facts: Partial<AgentIdPError>) => (error: unknown) => {
  assert.ok(error instanceof AgentIdPError);
  for (const [name, value] of Object.entries(facts)) assert.equal(error[name as keyof AgentIdPError], value, name);
  return true;
};

export const page = { data: [], nextCursor: null };
export const token = { access_token: "token-1", token_type: "Bearer", expires_in: 3600, scope: "agents:read" };
/** A clock that sleeps no time. */
export const stillClock = (sleeps: number[] = []) => ({
  now: Date.now,
  monotonic: () => performance.now(),
  random: () => 0.5,
  sleep: async (milliseconds: number) => void sleeps.push(milliseconds),
});

/** A client with a token, of a service that gives these answers. */
export function newClient(answers: Answers, options: ClientOptions = {}) {
  const { fetch, sent } = fetching(answers);
  return { client: new AgentIdPClient(base, new AccessToken("token"), { fetch, ...options }), sent };
}
