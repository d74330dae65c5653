/** Is the service slower with many agents? */
import { numbered, populate } from "../population.ts";
import type { Question } from "../question.ts";
import { interleave, type Subject } from "../rounds.ts";
import {
  agentScope,
  authorizedGet,
  flushEvents,
  type Service,
  startService,
  tokenOf,
  tokenRequest,
} from "../service.ts";
import { turnsTable, whole } from "../table.ts";

/** The most clients that send requests in turn. */
const activeClients = 1_000;

/** Requests of clients that are spread evenly over the population. */
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
  const settled = { origin, settle: () => flushEvents(origin, organization) };
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
      progress(`${whole(population)} agents exist`);
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
