/** The routes of the console's sessions. They take a session in a cookie, and only from the console's own pages. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { consoleLinkSchema, sessionPageSchema, sessionPath, sessionSchema, signInSchema } from "./schema.ts";
import { sessionCookie } from "./secrets.ts";
import { createLink, endOwnSession, listSessions, readSession, signIn, signOut } from "./service.ts";

const tags = ["Console"];

/** Relative to `/`. */
export const consoleRoutes = createRouter();

consoleRoutes.openapi(
  route({
    method: "post",
    path: "/console/session",
    access: "public",
    tags,
    operationId: "startSession",
    summary: "Sign in to the console",
    sdk: false,
    description:
      "For the console's own pages: the request must come from them (`Sec-Fetch-Site: same-origin`, or `Origin` with the issuer). The answer sets an HttpOnly cookie, which the calls below `/console` take in place of an access token. A session ends after 30 minutes without a call, after 8 hours, and with what its tokens would end with. An agent has 20 at most; the oldest ends. Counts as a token, and works over the limits.",
    request: {
      body: { required: true, ...json(signInSchema, "The credentials of an agent, or the code of a link") },
    },
    responses: { 201: json(sessionSchema, "The session") },
    errors: ["UNAUTHORIZED", "FORBIDDEN", "RATE_LIMIT_EXCEEDED"],
  }),
  async (c) => {
    const context = c.get("context");
    const started = await signIn(context, c.req.valid("json"), c.req.header("Cookie") ?? null);
    if (!started.ok) return answer(c, started, 201);
    const { session, cookie, headers } = started.value;
    return c.json(session, 201, { ...headers, "Set-Cookie": sessionCookie(context, cookie) });
  },
);

consoleRoutes.openapi(
  route({
    method: "get",
    path: "/console/session",
    access: "session",
    exempt: true,
    tags,
    operationId: "readSession",
    summary: "Read the session",
    sdk: false,
    responses: { 200: json(sessionSchema, "The session of the cookie") },
    errors: ["FORBIDDEN", "SESSION_NOT_FOUND"],
  }),
  async (c) => answer(c, await readSession(c.get("context"), c.get("caller"), c.req.header("Cookie") ?? null), 200),
);

consoleRoutes.openapi(
  route({
    method: "delete",
    path: "/console/session",
    access: "session",
    exempt: true,
    tags,
    operationId: "endSession",
    summary: "Sign out of the console",
    sdk: false,
    description: "Ends the session and the delegations that were made with it.",
    responses: { 204: { description: "Signed out" } },
    errors: ["FORBIDDEN"],
  }),
  async (c) => {
    const context = c.get("context");
    const ended = await signOut(context, c.get("caller"));
    c.header("Set-Cookie", sessionCookie(context, null));
    return answer(c, ended, 204);
  },
);

consoleRoutes.openapi(
  route({
    method: "get",
    path: "/console/sessions",
    access: "session",
    exempt: true,
    tags,
    operationId: "listSessions",
    summary: "List the agent's sessions",
    sdk: false,
    description: "Newest first. There are 20 at most, so there is one page.",
    responses: { 200: json(sessionPageSchema, "The sessions") },
    errors: ["FORBIDDEN"],
  }),
  async (c) => c.json(await listSessions(c.get("context"), c.get("caller")), 200),
);

consoleRoutes.openapi(
  route({
    method: "delete",
    path: "/console/sessions/{id}",
    access: "session",
    exempt: true,
    tags,
    operationId: "endOtherSession",
    summary: "End a session",
    sdk: false,
    description: "A session of the same agent. A repeated call changes nothing.",
    request: { params: sessionPath },
    responses: { 204: { description: "Ended, or ended before" } },
    errors: ["FORBIDDEN", "SESSION_NOT_FOUND"],
  }),
  async (c) => answer(c, await endOwnSession(c.get("context"), c.get("caller"), c.req.valid("param").id), 204),
);

/** Relative to `/api/v1`. */
export const consoleLinkRoutes = createRouter();

consoleLinkRoutes.openapi(
  route({
    method: "post",
    path: "/console/links",
    access: "bearer",
    changesAuthority: true,
    tags,
    operationId: "createConsoleLink",
    summary: "Make a one-time link to the console",
    sdk: false,
    description:
      "For an agent that signs in with a key or a workload token, which no one can type. The link works once, within a minute. Its session has the scopes of the token at most; it ends with the token's credential, and when the token is revoked, but not when it expires. A token that is bound to a key makes no link.",
    responses: { 201: json(consoleLinkSchema, "The link") },
    errors: ["FORBIDDEN"],
  }),
  async (c) =>
    answer(c, await createLink(c.get("context"), c.get("caller"), c.req.header("Authorization") ?? null), 201, {
      "Cache-Control": "no-store",
    }),
);
