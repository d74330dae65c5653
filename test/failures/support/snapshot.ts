/** All that D1 holds of an organization, in a form that is the same for every run of the same requests. */
import { bindings } from "./faults.ts";

/** Counts, measurements and attempts: they say how often was asked, not what is. */
const left =
  /^(calls_by_\w+|tokens_by_\w+|control_results|webhook_delivery_attempts|d1_migrations|audit_chains|audit_checkpoints|audit_verifications|signing_keys|billing_events|sqlite_.*|_cf_.*)$/;

/** Columns that are another value each time. */
const random = /^answer$|duration_ms|challenge|hash|sealed|jwk|secret|sequence|payload|response_body|actor|user_agent/;

const ownership: Readonly<Record<string, string>> = {
  organizations: "id = ?1",
  agent_keys: "agent_id IN (SELECT id FROM agents WHERE organization_id = ?1)",
  webhook_delivery_attempts: "subscription_id IN (SELECT id FROM webhook_subscriptions WHERE organization_id = ?1)",
  webhook_secrets: "subscription_id IN (SELECT id FROM webhook_subscriptions WHERE organization_id = ?1)",
};

let tables: string[] | null = null;

async function tablesOfOrganizations(): Promise<string[]> {
  const { results } = await bindings.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{
    name: string;
  }>();
  return results.map(({ name }) => name).filter((name) => !left.test(name));
}

function plain(column: string, value: unknown): unknown {
  if (value === null) return null;
  if (random.test(column)) return "set";
  if (typeof value === "number") return value > 1e12 ? "time" : value;
  return String(value)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => id)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time");
}

/** Each row as it is: its table, and its values as JSON. No two rows are equal, because every table has a primary key. */
export async function rowsOf(organizationId: string): Promise<ReadonlySet<string>> {
  tables ??= await tablesOfOrganizations();
  const rows = await bindings.DB.batch<Record<string, unknown>>(
    tables.map((table) =>
      bindings.DB.prepare(`SELECT * FROM ${table} WHERE ${ownership[table] ?? "organization_id = ?1"}`).bind(
        organizationId,
      ),
    ),
  );
  return new Set(
    tables.flatMap((table, index) => (rows[index]?.results ?? []).map((row) => `${table} ${JSON.stringify(row)}`)),
  );
}

/**
 * The rows, sorted, as text.
 *
 * @param names what to call the ids and words that are known; any other id is `new`
 */
export function comparable(rows: Iterable<string>, names: ReadonlyMap<string, string>): string[] {
  const name = (text: string) =>
    [...names]
      .reduce((named, [value, label]) => named.replaceAll(value, label), text)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "new")
      // Not `\b`: a text can begin or end with a hyphen.
      .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, "random")
      .replace(/\bagent-\d+@/g, "agent@")
      .replace(/\b(cus|sub|evt)_\d+\b/g, "$1");
  return [...rows]
    .map((row) => {
      const [table = ""] = row.split(" ", 1);
      const values = Object.entries(JSON.parse(row.slice(table.length)) as Record<string, unknown>);
      const plainValues = values.map(([column, value]) => [column, plain(column, value)]);
      return name(`${table} ${JSON.stringify(Object.fromEntries(plainValues))}`);
    })
    .sort();
}

/** All rows of an organization, see {@link comparable}. */
export const snapshotOf = async (organizationId: string, names: ReadonlyMap<string, string>): Promise<string[]> =>
  comparable(await rowsOf(organizationId), names);
