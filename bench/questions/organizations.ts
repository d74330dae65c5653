/** Is the service slower when many organizations send requests at the same time? */
import type { Question } from "../question.ts";
import { interleave, type Subject } from "../rounds.ts";
import {
  agentScope,
  flushEvents,
  newAgent,
  newOrganization,
  startService,
  startWorkerd,
  tokenRequest,
} from "../service.ts";
import { turnsTable } from "../table.ts";

export const organizations: Question = {
  name: "organizations",
  answer: async ({ plan, progress }) => {
    const [service, floor] = await Promise.all([startService({ which: "service" }), startWorkerd({ which: "floor" })]);
    const { origin, operator, organization, agent } = service;
    const all = [organization];
    const requests = [tokenRequest(agent, agentScope)];
    while (all.length < plan.organizations) {
      const name = `tenant-${all.length}`;
      const tenant = await newOrganization(origin, operator, name);
      all.push(tenant);
      requests.push(tokenRequest(await newAgent(origin, tenant, name), agentScope));
    }
    const [first] = requests;
    if (!first) throw new Error("no organization");
    let turn = 0;
    const next = () => turn++ % plan.organizations;
    const many = `${plan.organizations} organizations`;
    const oneObject = "floor with a shared commit, one object";
    const manyObjects = `floor with a shared commit, ${plan.organizations} objects`;
    const share = (object: number) => ({ method: "GET" as const, path: `/share-and-sign?object=${object}` });
    const settled = async () => {
      for (const one of all) await flushEvents(origin, one);
    };
    // All create a new request each time, so that the load generator does the same work for all.
    const subjects: Subject[] = [
      { name: "one organization", origin, request: () => first, settle: settled },
      { name: many, origin, request: () => requests[next()] ?? first, settle: settled },
      { name: oneObject, origin: floor.origin, request: () => share(0) },
      { name: manyObjects, origin: floor.origin, request: () => share(next()) },
    ];
    const connections = [plan.usualConnections, ...plan.connections.filter((count) => count > plan.usualConnections)];
    const turns = await interleave(subjects, connections, plan.pace, progress);
    await Promise.all([service, floor].map((child) => child.stop()));
    const title = "Tokens of one organization, and of many in turn";
    return { tables: [turnsTable("organizations", title, turns, ["one organization", oneObject])], measured: turns };
  },
};
