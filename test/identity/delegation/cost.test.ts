/** What a verification costs, counted: with a thousand delegations in the organization it is what it was with one. */
import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import type { DelegationRequest, Ledger } from "../../../src/ledger/contract.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import { type Body, issuer, newOrganization, type Organization } from "../../support/api.ts";
import { lend, newParties, type Parties, revoke } from "./_parties.ts";

const bindings = env as unknown as Bindings;

interface Cost {
  /** Methods of objects that were called, in order of their names. */
  calls: string[];
  statements: string[];
  /** Rows that the ledger read and wrote in its own storage. */
  rowsRead: number;
  rowsWritten: number;
}

let cost: Cost;

const isCallable = (value: unknown): value is (...parameters: unknown[]) => unknown => typeof value === "function";

/** The same object, with each call of its methods told of. */
function told<T extends object>(target: T, tell: (method: string, parameters: unknown[]) => void): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (!isCallable(value) || typeof name !== "string") return value;
      return (...parameters: unknown[]) => {
        tell(name, parameters);
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}

/** What goes to the ledger after answers, for many of them at once, is no cost of this one. */
const afterwards = ["noteCalls"];

function counted(namespace: DurableObjectNamespace, name: string): DurableObjectNamespace {
  return new Proxy(namespace, {
    get(target, key) {
      if (key === "get") {
        return (id: DurableObjectId) => {
          const stub = told(target.get(id), (method) => cost.calls.push(`${name}.${method}`));
          return new Proxy(stub, {
            get: (_, method) => (afterwards.includes(String(method)) ? async () => {} : Reflect.get(stub, method)),
          });
        };
      }
      const value: unknown = Reflect.get(target, key);
      return isCallable(value) ? value.bind(target) : value;
    },
  });
}

const watching: Bindings = {
  ...bindings,
  DB: told(bindings.DB, (method, [query]) => method === "prepare" && cost.statements.push(String(query))),
  ORG_LEDGER: counted(bindings.ORG_LEDGER, "ledger"),
  DELEGATION_CHAIN: counted(bindings.DELEGATION_CHAIN, "chain"),
};

/** Counts the rows of every query that the organization's ledger makes from now on. */
async function watchLedger(organizationId: string): Promise<void> {
  const stub = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(organizationId));
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql) as (...parameters: unknown[]) => SqlStorageCursor<never>;
    const watched = (...parameters: unknown[]) => {
      const cursor = exec(...parameters);
      const rows = cursor.toArray();
      cost.rowsRead += cursor.rowsRead;
      cost.rowsWritten += cursor.rowsWritten;
      const { rowsRead, rowsWritten } = cursor;
      const iterate = () => rows[Symbol.iterator]();
      return { rowsRead, rowsWritten, toArray: () => rows, one: () => rows[0], [Symbol.iterator]: iterate };
    };
    Object.defineProperty(sql, "exec", { value: watched });
  });
}

/** Verifies through the Worker itself, over bindings that count. */
async function verifyCounted(token: string, delegationToken: string): Promise<{ readonly body: Body } & Cost> {
  cost = { calls: [], statements: [], rowsRead: 0, rowsWritten: 0 };
  const execution = createExecutionContext();
  const request = new Request(`${issuer}/api/v1/oauth2/token/verify-delegation`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ delegationToken }),
  });
  const answer = await worker.fetch(request as never, watching, execution);
  const body = await answer.json();
  await waitOnExecutionContext(execution);
  return { body, ...cost, calls: cost.calls.toSorted() };
}

let tenant: Organization;
let parties: Parties;

/** Delegations as the ledger and the record have them, without the tokens. */
async function seed(count: number): Promise<readonly string[]> {
  const ledger = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(tenant.organizationId)) as unknown as Ledger;
  const { delegator, delegatee } = parties;
  const request = {
    delegatorAgentId: delegator.agentId,
    credentialId: delegator.credentialId,
    delegateeAgentId: delegatee.agentId,
    resourceKey: null,
    scopes: ["audit:read"],
    ttlSeconds: 900,
  } as unknown as DelegationRequest;
  const outcomes = await Promise.all(Array.from({ length: count }, () => ledger.delegate(request)));
  const made = outcomes.filter((outcome) => outcome.outcome === "delegated");
  const insert = bindings.DB.prepare(
    `INSERT INTO delegations (id, organization_id, delegator_agent_id, delegatee_agent_id, credential_id, scopes, issued_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const fixed = [tenant.organizationId, delegator.agentId, delegatee.agentId, delegator.credentialId, '["audit:read"]'];
  await bindings.DB.batch(
    made.map(({ chainId, issuedAtMs, expiresAtMs }) => insert.bind(chainId, ...fixed, issuedAtMs, expiresAtMs)),
  );
  return made.map(({ chainId }) => chainId);
}

beforeAll(async () => {
  tenant = await newOrganization({ planTier: "enterprise" });
  parties = await newParties(tenant.token);
  await watchLedger(tenant.organizationId);
  cost = { calls: [], statements: [], rowsRead: 0, rowsWritten: 0 };
});

it("a thousand delegations: one call of the chain, one of the ledger beside the one that admits, no D1", async () => {
  const first = await lend(parties);
  await verifyCounted(parties.token, first.delegationToken);
  const alone = await verifyCounted(parties.token, first.delegationToken);
  expect(alone.body.valid).toBe(true);
  expect(alone.calls).toEqual(["chain.state", "ledger.admit", "ledger.checkDelegation"]);
  expect(alone.statements).toEqual([]);

  const before = await seed(499);
  const middle = await lend(parties);
  const after = await seed(498);
  const last = await lend(parties);
  expect(new Set([first, middle, last, ...before, ...after]).size).toBe(1_000);

  const costs = [];
  for (const { delegationToken } of [first, middle, last, first]) {
    const { body, ...among } = await verifyCounted(parties.token, delegationToken);
    expect(body.valid).toBe(true);
    costs.push(among);
  }
  const { body: _, ...expected } = alone;
  for (const { calls, statements, rowsRead } of costs) {
    expect(calls).toEqual(expected.calls);
    expect(statements).toEqual([]);
    expect(rowsRead).toBeLessThanOrEqual(expected.rowsRead);
  }

  await revoke(parties.token, middle.chainId);
  const revoked = await verifyCounted(parties.token, middle.delegationToken);
  expect(revoked.body.valid).toBe(false);
  expect(revoked.calls).toEqual(expected.calls);
  expect(revoked.statements).toHaveLength(1);
  expect(revoked.rowsRead).toBeLessThanOrEqual(expected.rowsRead + 2);
}, 60_000);
