/** What a thief leaves behind: the lists of an organization before and after, read by its owner. */
import { type Body, call } from "../../support/api.ts";
import { operations, parametersOf } from "../_operations.ts";
import { type AgentName, agentNames, type Party } from "./_party.ts";

/** By list and item: the item without what changes by itself. */
export type Traces = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Lists that grow with each call, or that show what another list shows. */
const excluded = /^\/api\/v1\/(audit|analytics|compliance|marketplace|tiers)|\/deliveries$/;
const volatile = /^(updatedAt|last\w+At|status)$/;

const lists = operations.filter(
  ({ method, path }) =>
    method === "GET" &&
    path.startsWith("/api/v1/") &&
    !excluded.test(path) &&
    parametersOf(path).every((name) => name === "orgId" || name === "agentId"),
);

const textOf = (item: Body) =>
  JSON.stringify(Object.fromEntries(Object.entries(item).filter(([name]) => !volatile.test(name))));

/** The lists of the organization and of some of its agents, as its owner sees them. */
export async function tracesOf(
  { token, organizationId, agents }: Party,
  prefix: string,
  ofAgents: readonly AgentName[],
): Promise<Traces> {
  const traces = new Map<string, ReadonlyMap<string, string>>();
  for (const { path } of lists) {
    for (const name of path.includes("{agentId}") ? ofAgents : [null]) {
      const filled = path.replace("{orgId}", organizationId).replace("{agentId}", name ? agents[name].agentId : "");
      const { body } = await call(`${filled}?limit=100`, { token });
      if (!Array.isArray(body?.data)) continue;
      const nameOf = (id: unknown) => agentNames.find((one) => agents[one].agentId === id);
      const items = body.data.map((item: Body, index: number) => {
        const [id = String(index)] = Object.values(item).filter((value) => typeof value === "string");
        return [nameOf(id) ?? id, textOf(item)] as const;
      });
      traces.set(`${prefix}${path}${name ? ` of ${name}` : ""}`, new Map(items));
    }
  }
  return traces;
}

/** What is new, other or gone. */
export function differencesOf(before: Traces, after: Traces): readonly string[] {
  const found = [...after].flatMap(([list, items]) => {
    const old = before.get(list) ?? new Map<string, string>();
    const isNew = [...items.keys()].some((id) => !old.has(id));
    const gone = [...old.keys()].filter((id) => !items.has(id));
    const other = [...items].filter(([id, text]) => old.has(id) && old.get(id) !== text).map(([id]) => id);
    return [
      ...(isNew ? [`leaves ${list}`] : []),
      ...gone.map(() => `takes ${list}`),
      ...other.map((id) => `changes ${list}: ${id}`),
    ];
  });
  return [...new Set(found)];
}
