/** How far an organization is, by what the service has. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import type { Credential, PlatformScope } from "../../api/schema.ts";
import { hasScope, type Session } from "../../session/session.ts";

/** null: the session lacks the scope to see it. */
export interface Progress {
  /** The newest agent beside the one that is signed in; null: there is none */
  readonly agentId: string | null;
  readonly hasCredential: boolean | null;
  readonly hasToken: boolean | null;
  readonly hasVerified: boolean | null;
  readonly hasWebhook: boolean | null;
}

type Viewer = Pick<Session, "scopes" | "agent">;

export const progressQuery = (session: Viewer) =>
  queryOptions({
    queryKey: ["first-steps", session.agent.agentId],
    queryFn: ({ signal }) => readProgress(session, signal),
  });

async function readProgress(session: Viewer, signal: AbortSignal): Promise<Progress> {
  const ifAllowed = <Value>(scope: PlatformScope, read: () => Promise<Value>) =>
    hasScope(session, scope) ? read() : Promise.resolve(null);
  const [agent, hasVerified, hasWebhook] = await Promise.all([
    ifAllowed("agents:read", () => firstAgent(session, signal)),
    ifAllowed("audit:read", async () => {
      const { data } = await call("GET /audit", { query: { action: "token.introspected", limit: 1 }, signal });
      return data.length > 0;
    }),
    ifAllowed("webhooks:read", async () => {
      const { data } = await call("GET /webhooks", { query: { limit: 1 }, signal });
      return data.length > 0;
    }),
  ]);
  return { ...(agent ?? { agentId: null, hasCredential: null, hasToken: null }), hasVerified, hasWebhook };
}

async function firstAgent({ agent }: Viewer, signal: AbortSignal) {
  const { data } = await call("GET /agents", { query: { limit: 2, sort: "-createdAt" }, signal });
  const other = data.find(({ agentId }) => agentId !== agent.agentId);
  if (other === undefined) return { agentId: null, hasCredential: false, hasToken: false };
  const credentials = await call("GET /agents/{agentId}/credentials", {
    path: { agentId: other.agentId },
    query: { limit: 100 },
    signal,
  });
  return {
    agentId: other.agentId,
    hasCredential: credentials.data.length > 0,
    hasToken: credentials.data.some(({ lastUsedAt }: Credential) => lastUsedAt !== null),
  };
}
