/** Does the service stay as fast when there are many agents? */
import { numbered, populate } from "../population.ts";
import type { Question } from "../question.ts";
import { interleave, type Subject } from "../rounds.ts";
import { agentScope, authorizedGet, type Service, settle, startService, tokenOf, tokenRequest } from "../service.ts";
import { turnsTable, whole } from "../table.ts";

/** So many different clients ask in turn: all that a small population has. */
const activeClients = 1_000;

/** Clients that lie evenly over the population, and the agents that are read. */
async function subjectsOf(service: Service, population: number): Promise<Subject[]> {
  const { origin, organization, agent } = service;
  const active = Math.min(activeClients, population);
  const numbers = Array.from({ length: active }, (_, index) => 1 + Math.floor((index * population) / active));
  const clients = numbers.map((number) => numbered(agent, number));
  const token = await tokenOf(origin, agent, agentScope);
  const inTurn = <T>(all: readonly T[]) => {
    let turn = 0;
    return () => all[turn++ % all.length] as T;
  };
  const settled = { origin, settle: () => settle(origin, organization) };
  const among = `${whole(population)} agents`;
  const reads = clients.map(({ clientId }) => authorizedGet(`/api/v1/agents/${clientId}`, token));
  return [
    { name: `token, ${among}`, request: inTurn(clients.map((client) => tokenRequest(client, agentScope))), ...settled },
    { name: `GET /agents/{id}, ${among}`, request: inTurn(reads), ...settled },
  ];
}

export const agents: Question = {
  name: "agents",
  answer: async ({ plan, progress }) => {
    const services = await Promise.all(plan.populations.map(() => startService({ which: "service" })));
    const subjects: Subject[] = [];
    for (const [index, service] of services.entries()) {
      const population = plan.populations[index] ?? 0;
      await populate(service, population);
      progress(`${whole(population)} agents are there`);
      subjects.push(...(await subjectsOf(service, population)));
    }
    const kinds = ["token", "GET"];
    const byKind = kinds.flatMap((kind) => subjects.filter(({ name }) => name.startsWith(kind)));
    const turns = await interleave(byKind, [plan.usualConnections], plan.pace, progress);
    await Promise.all(services.map((service) => service.stop()));
    const fewest = `${whole(Math.min(...plan.populations))} agents`;
    const against = byKind.map(({ name }) => name).filter((name) => name.endsWith(`, ${fewest}`));
    return { tables: [turnsTable("agents", "With more and more agents in D1", turns, against)], measured: turns };
  },
};
