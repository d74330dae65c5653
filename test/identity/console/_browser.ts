/** A browser with the console: it keeps the cookie, and its requests have the headers of a page of the same origin. */
import { expect } from "vitest";
import { type Answer, type Call, type Client, call } from "../../support/api.ts";

/** What a page of the issuer's own origin sends with every request. */
export const samePage = { "Sec-Fetch-Site": "same-origin" };

export interface Browser {
  /** `agentidp=…` */
  readonly cookie: string;
  readonly csrfToken: string;
  /** The answer to the sign-in. */
  readonly answer: Answer;
  /** A call below `/console`, with the cookie, and for a change with the CSRF token. */
  send(path: string, init?: Call): Promise<Answer>;
}

/** Sends a sign-in. */
export const signIn = (json: unknown, headers: Record<string, string> = {}) =>
  call("/console/session", { json, headers: { ...samePage, ...headers } });

/** `name=value` of the cookie that an answer sets. */
export const cookieIn = ({ headers }: Pick<Answer, "headers">) => (headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";

/** A browser after the sign-in that got this answer. */
export function browserAfter(answer: Answer): Browser {
  expect(answer.status, answer.text).toBe(201);
  const cookie = cookieIn(answer);
  const { csrfToken } = answer.body;
  return {
    cookie,
    csrfToken,
    answer,
    send: (path, init = {}) => {
      const method = init.method ?? (init.json === undefined ? "GET" : "POST");
      const csrf = method === "GET" ? {} : { "X-CSRF-Token": csrfToken };
      return call(`/console${path}`, { ...init, headers: { ...samePage, ...csrf, Cookie: cookie, ...init.headers } });
    },
  };
}

/** Signs in with a client secret. */
export async function signedIn({ clientId, clientSecret }: Client, fields: object = {}): Promise<Browser> {
  return browserAfter(await signIn({ clientId, clientSecret, ...fields }));
}
