/** Who is signed in. The cookie cannot be read by a script; what the screens know comes from `GET /console/session`. */
import { type QueryClient, queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { ApiProblem } from "../api/problem.ts";
import type { MemberRole, PlatformScope } from "../api/schema.ts";
import { keepCsrfToken, send } from "../api/transport.ts";

export interface Session {
  readonly agent: { readonly agentId: string; readonly email: string };
  readonly organization: { readonly organizationId: string; readonly name: string; readonly slug: string };
  /** null: an agent that is no member of its organization's management */
  readonly role: MemberRole | null;
  readonly isOperator: boolean;
  readonly scopes: readonly PlatformScope[];
  readonly csrfToken: string;
  readonly expiresAt: string;
}

export interface SignIn {
  readonly clientId: string;
  readonly clientSecret: string;
}

async function kept(response: Response): Promise<Session> {
  const session: Session = await response.json();
  keepCsrfToken(session.csrfToken);
  return session;
}

/** The present session; null: none is alive. */
async function readSession(): Promise<Session | null> {
  try {
    return await kept(await send({ method: "GET", path: "/session", mayBeUnauthorized: true }));
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: readSession,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

/** Begins a session with an id and a secret, or with the code of a one-time link. @throws {ApiProblem} */
export async function signIn(client: QueryClient, body: SignIn | { readonly code: string }): Promise<void> {
  const session = await kept(await send({ method: "POST", path: "/session", body, mayBeUnauthorized: true }));
  // Nothing that another agent has read may show.
  client.clear();
  client.setQueryData(sessionQuery.queryKey, session);
}

/** Ends the session. A session that has ended already is no failure. @throws {ApiProblem} */
export async function signOut(client: QueryClient): Promise<void> {
  try {
    await send({ method: "DELETE", path: "/session", mayBeUnauthorized: true });
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 401)) throw error;
  }
  forgetSession(client);
}

/** Drops what is known of the session and all that was read in it. */
export function forgetSession(client: QueryClient): void {
  keepCsrfToken(null);
  client.clear();
  client.setQueryData(sessionQuery.queryKey, null);
}

/** The session, on every screen behind the sign-in. */
export function useSession(): Session {
  const client = useQueryClient();
  const { data } = useSuspenseQuery(sessionQuery);
  const known = data ?? lastSession.get(client);
  if (!known) throw new Error("There is no session on this screen.");
  lastSession.set(client, known);
  return known;
}

/** While a session ends, its screen is there until the sign-in is: it goes on with what it knew. */
const lastSession = new WeakMap<QueryClient, Session>();

export const hasScope = (session: Pick<Session, "scopes">, scope: PlatformScope): boolean =>
  session.scopes.includes(scope);
