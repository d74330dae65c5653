/** Each table of D1 has one room that writes it, but for the exceptions that are named here. `npx vitest run test/house/tables` prints both. */
import { expect, it } from "vitest";
import { modules, unitOf } from "./_source.ts";

/** The tables by the names of their variables: `organizations` → `organizations`, `agentKeys` → `agent_keys`. */
const tables = new Map<string, string>(
  modules
    .filter(({ path }) => path.startsWith("platform/db/schema/"))
    .flatMap(({ text }) => [...text.matchAll(/export const (\w+) = sqliteTable\(\s*"(\w+)"/g)])
    .map(([, variable = "", name = ""]) => [variable, name]),
);

const sqlNames = [...tables.values()].join("|");
const inSql = new RegExp(`\\b(?:INTO|UPDATE|DELETE FROM|new RollUp\\(sql,) "?(${sqlNames})\\b`, "g");
const inDrizzle = /\.(?:insert|update|delete)\(\s*(\w+)\s*\)|\binsertWhere\(\s*\w+,\s*(\w+)/g;
/** `.update(kept[name])`: every table in `kept`. */
const inRecord = /\.(?:insert|update|delete)\(\s*(\w+)\[/g;

function writtenBy(text: string): Set<string> {
  const variables = [...text.matchAll(inDrizzle)].flatMap(([, one, other]) => [one ?? other ?? ""]);
  const inRecords = [...text.matchAll(inRecord)].flatMap(([, record]) => {
    const [, members = ""] = new RegExp(`const ${record} = \\{([^}]*)\\}`).exec(text) ?? [];
    return [...members.matchAll(/\w+/g)].map(([word]) => word);
  });
  const names = [...variables, ...inRecords].flatMap((variable) => tables.get(variable) ?? []);
  // A table that an object creates in its own storage may have the name of one in D1.
  const isOwn = (name: string) => new RegExp(`CREATE TABLE IF NOT EXISTS ${name}\\s`).test(text);
  const raw = [...text.matchAll(inSql)].flatMap(([, name = ""]) => (isOwn(name) ? [] : [name]));
  return new Set([...names, ...raw]);
}

const writers = new Map([...tables.values()].sort().map((table) => [table, new Set<string>()]));
for (const { path, text } of modules) {
  if (!path.startsWith("platform/")) for (const table of writtenBy(text)) writers.get(table)?.add(unitOf(path));
}

/** The room or the floor that each table belongs to. */
const owners: Readonly<Record<string, string>> = {
  agent_keys: "identity/agents",
  agents: "identity/agents",
  audit_chains: "tenancy/audit",
  audit_checkpoints: "tenancy/audit",
  audit_events: "ledger",
  audit_verifications: "tenancy/audit",
  billing_accounts: "tenancy/billing",
  billing_events: "tenancy/billing",
  calls_by_hour: "ledger",
  calls_by_route: "ledger",
  console_links: "identity/console",
  console_sessions: "identity/console",
  control_results: "assurance/controls",
  credentials: "identity/credentials",
  delegations: "identity/delegation",
  domains: "tenancy/domains",
  federation_partners: "identity/federation",
  idempotent_requests: "access",
  organizations: "tenancy/organizations",
  outbox: "events",
  resources: "identity/resources",
  signing_keys: "keys",
  tokens_by_agent: "ledger",
  tokens_by_hour: "ledger",
  trust_policies: "identity/workloads",
  webhook_deliveries: "tenancy/webhooks",
  webhook_delivery_attempts: "tenancy/webhooks",
  webhook_past_states: "tenancy/webhooks",
  webhook_secrets: "tenancy/webhooks",
  webhook_subscriptions: "tenancy/webhooks",
};

/** Who else writes a table, and what. */
const exceptions: Readonly<Record<string, string>> = {
  "agent_keys ← keys": "private parts, sealed anew with a new key-encryption key",
  "webhook_secrets ← keys": "the same for signing secrets",
  "credentials ← ledger": "the time of the last use, which the ledger gathers",
  "audit_chains ← ledger": "how far the chain has come, in one batch with its events",
  "audit_events ← tenancy/audit": "events that have been kept long enough are removed",
  "outbox ← ledger": "the events of tokens that a webhook wants, in one batch with the audit log",
  "calls_by_route ← tenancy/analytics": "days that have been kept long enough are removed",
  "calls_by_hour ← tenancy/analytics": "the same",
  "tokens_by_agent ← tenancy/analytics": "the same",
  "tokens_by_hour ← tenancy/analytics": "the same",
};

it("every table has an owner, which writes it", () => {
  expect(Object.keys(owners).sort()).toStrictEqual([...writers.keys()].sort());
  const unwritten = [...writers].filter(([table, by]) => !by.has(owners[table] ?? "")).map(([table]) => table);
  expect(unwritten).toStrictEqual([]);
});

it("no room writes the table of another, but for the named exceptions", () => {
  const others = [...writers].flatMap(([table, by]) =>
    [...by].filter((unit) => unit !== owners[table]).map((unit) => `${table} ← ${unit}`),
  );
  expect(others.sort()).toStrictEqual(Object.keys(exceptions).sort());
  console.log([...writers].map(([table, by]) => `${table} ← ${[...by].sort().join(", ")}`).join("\n"));
});

it("tables are known to store.ts alone, but for the named files", () => {
  const importing = modules.filter(({ path, text }) => {
    const [, names = ""] = /import \{([^}]*)\} from "[./]*platform\/db\/schema\.ts"/.exec(text) ?? [];
    return !path.endsWith("/store.ts") && names.split(",").some((name) => tables.has(name.trim()));
  });
  expect(importing.map(({ path }) => path).sort()).toStrictEqual([
    // These floors have no rooms; each file is about one thing.
    "events/hold.ts",
    "events/outbox.ts",
    "events/relay.ts",
    "ledger/principals.ts",
    "ledger/resources.ts",
    // It hands its tables to `deliveries/`.
    "tenancy/webhooks/deliveries/channel.ts",
  ]);
});

it("a store receives the database in one way", () => {
  const others = modules
    .filter(({ path }) => path.endsWith("/store.ts"))
    .flatMap(({ path, text }) => {
      const found = [...text.matchAll(/export (?:async )?function (\w+)(?:<[^>]*>)?\(\s*\w+: (?:Context|Database)\b/g)];
      return found.map(([, name]) => `${path}: ${name}`);
    });
  expect(others).toStrictEqual([]);
});
