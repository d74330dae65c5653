/** Writes many agents directly to D1, as copies of one that was registered through the API. */
import type { Agent, Client, Service } from "./service.ts";

/** A UUID v7 in SQL, for number `n`: older than every agent that the service registered. */
const idOf = (first: string) => `'${first}-0000-7000-8000-' || printf('%012x', n)`;
const agentIdPrefix = "0190a000-0000-7000-8000-";

/** Agents of one statement. */
const pageSize = 5_000;

/** The client with this number, from 1. It has the secret of the original agent: the hash does not depend on the agent. */
export const numbered = (original: Agent, number: number): Client => ({
  clientId: `${agentIdPrefix}${number.toString(16).padStart(12, "0")}`,
  clientSecret: original.clientSecret,
});

/** The statement that copies a row for each number. `changed`: the columns that differ, as SQL over `n`. */
function copying(table: string, columns: readonly string[], where: string, changed: Readonly<Record<string, string>>) {
  const values = columns.map((column) => changed[column] ?? `${table}.${column}`);
  return `WITH RECURSIVE numbers(n) AS (SELECT ?2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?3)
    INSERT INTO ${table} (${columns}) SELECT ${values} FROM numbers, ${table} WHERE ${table}.${where} = ?1`;
}

/** Adds `count` copies of the service's agent, each with a key and a secret. */
export async function populate({ call, agent }: Service, count: number): Promise<void> {
  const columnsOf = async (table: string) => {
    const columns = await call<{ name: string }[]>("query", `PRAGMA table_info(${table})`);
    return columns.map(({ name }) => name);
  };
  const agentId = idOf("0190a000");
  const statements = [
    copying("agents", await columnsOf("agents"), "id", { id: agentId, email: "n || '@population.example'" }),
    copying("agent_keys", await columnsOf("agent_keys"), "agent_id", { id: idOf("0190a001"), agent_id: agentId }),
    copying("credentials", await columnsOf("credentials"), "agent_id", { id: idOf("0190a002"), agent_id: agentId }),
  ];
  for (let from = 1; from <= count; from += pageSize) {
    const to = Math.min(count, from + pageSize - 1);
    for (const statement of statements) await call("query", statement, agent.agentId, from, to);
  }
}
