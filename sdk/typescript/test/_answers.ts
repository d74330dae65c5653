/** A service that gives known answers, and what an error of them must be. */
import assert from "node:assert/strict";
import { AgentIdPError } from "@sentryagent/idp-sdk";

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
