/** Who is signed in. The cookie cannot be read by a script; what the screens know comes from `GET /console/session`. */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiProblem } from "../api/problem.ts";
import type { ConsoleSession, PlatformScope, SignIn } from "../api/schema.ts";
import { keepCsrfToken, send, whenRefused } from "../api/transport.ts";

export type Session = ConsoleSession;

/** What the service takes for a session: an id and a secret, or the code of a one-time link. */
export type Credentials = Pick<SignIn, "clientId" | "clientSecret"> | { readonly code: string };

async function kept(response: Response): Promise<Session> {
  const session: Session = await response.json();
  keepCsrfToken(session.csrfToken);
  return session;
}

/** Why a session ended, as the service says it; `null` where there was none, and after signing out here. */
export type EndReason = "signed_out" | "ended" | "replaced" | "expired" | "revoked";

/** Whether this browser has a session. */
export interface Presence {
  /** null: none is alive */
  readonly session: Session | null;
  readonly reason: EndReason | null;
}

const endReasons: readonly EndReason[] = ["signed_out", "ended", "replaced", "expired", "revoked"];
export const endReasonOf = (text: unknown): EndReason | null => endReasons.find((reason) => reason === text) ?? null;

const endedBy = ({ details }: ApiProblem): Presence => ({ session: null, reason: endReasonOf(details.reason) });

async function readPresence(): Promise<Presence> {
  try {
    return { session: await kept(await send({ method: "GET", path: "/session", isOfSession: true })), reason: null };
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return endedBy(error);
    throw error;
  }
}

/** Read anew when the window is looked at: another tab can have signed in as another agent. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: readPresence,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: "always",
});

/** Begins a session with an id and a secret, or with the code of a one-time link. @throws {ApiProblem} */
export async function signIn(client: QueryClient, body: Credentials): Promise<void> {
  const session = await kept(await send({ method: "POST", path: "/session", body, isOfSession: true }));
  // Nothing that another agent has read may show.
  client.clear();
  client.setQueryData<Presence>(sessionQuery.queryKey, { session, reason: null });
}

/** Ends the session. One that has ended already is no failure. @throws {ApiProblem} */
export async function signOut(client: QueryClient): Promise<void> {
  try {
    await send({ method: "DELETE", path: "/session", isOfSession: true });
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 401)) throw error;
  }
  client.setQueryData<Presence>(sessionQuery.queryKey, { session: null, reason: null });
}

/** What the answers of the service say about the session, whichever call they are to. */
export function watchSession(client: QueryClient): void {
  whenRefused({
    unauthorized: (problem) => client.setQueryData<Presence>(sessionQuery.queryKey, endedBy(problem)),
    // Another tab has signed in anew. As the same agent, the call can go on.
    csrfToken: async () => {
      const before = client.getQueryData(sessionQuery.queryKey)?.session;
      const { session } = await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      return session !== null && session.agent.agentId === before?.agent.agentId;
    },
  });
}

/** Drops all that was read in a session. */
export function forgetAnswers(client: QueryClient): void {
  keepCsrfToken(null);
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
}

/** The session, on every screen behind the sign-in. */
export function useSession(): Session {
  const client = useQueryClient();
  const { data } = useQuery(sessionQuery);
  const known = data?.session ?? lastSession.get(client);
  if (!known) throw new Error("There is no session on this screen.");
  lastSession.set(client, known);
  return known;
}

/** While a session ends, its screen is there until the sign-in is: it goes on with what it knew. */
const lastSession = new WeakMap<QueryClient, Session>();

export const hasScope = (session: Pick<Session, "scopes">, scope: PlatformScope): boolean =>
  session.scopes.includes(scope);
