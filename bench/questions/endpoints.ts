/** What do the other frequent calls cost, compared with a Worker of one object call and one read of D1? */
import type { Question } from "../question.ts";
import { interleave, type Subject } from "../rounds.ts";
import {
  agentScope,
  authorizedGet,
  flushEvents,
  formRequest,
  newAgent,
  newDelegation,
  type Service,
  send,
  startService,
  startWorkerd,
  tokenOf,
} from "../service.ts";
import { turnsTable } from "../table.ts";

/** The measured calls of an agent. */
export async function everydayCalls(service: Service): Promise<Pick<Subject, "name" | "request">[]> {
  const { origin, agent, organization } = service;
  const token = await tokenOf(origin, agent, agentScope);
  const delegatee = await newAgent(origin, organization, "delegatee");
  const delegationToken = await newDelegation(origin, agent, delegatee);
  const authorization = { Authorization: `Bearer ${organization.token}` };
  return [
    { name: "introspection", request: formRequest("/api/v1/token/introspect", authorization, { token }) },
    { name: "GET /agents/{id}", request: authorizedGet(`/api/v1/agents/${agent.agentId}`, token) },
    {
      name: "delegation verify",
      request: {
        method: "POST",
        path: "/api/v1/oauth2/token/verify-delegation",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ delegationToken }),
      },
    },
    { name: "JWKS", request: { method: "GET", path: "/.well-known/jwks.json" } },
    { name: "DID document", request: { method: "GET", path: `/agents/${agent.agentId}/did.json` } },
  ];
}

export const endpoints: Question = {
  name: "endpoints",
  answer: async ({ plan, progress }) => {
    const [service, floor] = await Promise.all([startService({ which: "service" }), startWorkerd({ which: "floor" })]);
    await send(floor.origin, { method: "GET", path: "/seed" });
    const { origin, organization } = service;
    const settled = { origin, settle: () => flushEvents(origin, organization) };
    const subjects: Subject[] = [
      ...(await everydayCalls(service)).map((call) => ({ ...call, ...settled })),
      { name: "floor for reads", origin: floor.origin, request: { method: "GET", path: "/ask-and-read" } },
    ];
    const turns = await interleave(subjects, plan.connections, plan.pace, progress);
    await Promise.all([service, floor].map((child) => child.stop()));
    return { tables: [turnsTable("endpoints", "Calls of every day", turns, ["floor for reads"])], measured: turns };
  },
};
