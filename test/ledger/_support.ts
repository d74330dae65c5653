/** What the tests of the ledger's parts share: a ledger of their own, its storage, its methods, and the records behind it in D1. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type {
  ClientOutcome,
  Counting,
  HeldTarget,
  Ledger,
  SignInTarget,
  TokenFacts,
  TokenOutcome,
  TokenRequest,
} from "../../src/ledger/contract.ts";
import { Holds } from "../../src/ledger/holds.ts";
import { Principals } from "../../src/ledger/principals.ts";
import { Revocations } from "../../src/ledger/revocations.ts";
import type { AgentId, CredentialId, HoldId, OrganizationId, Scope, TokenId } from "../../src/platform/ids.ts";

const { ORG_LEDGER } = env as unknown as { ORG_LEDGER: DurableObjectNamespace };
export const { DB } = env as unknown as { DB: D1Database };

export const dayMs = 86_400_000;
/** A leap day, so that days and months are not by accident right. */
export const noon = Date.parse("2028-02-29T12:00:00.000Z");

/** Holds the clock of the tests and of the ledgers at a moment. */
export const clockAt = (ms: number) => void vi.useFakeTimers({ toFake: ["Date"], now: ms });

/** The id of a change that no other call gets. */
export const newHoldId = () => crypto.randomUUID() as HoldId;

/** So many at once. */
export const atOnce = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

/** How often each of them is there. */
export function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** An agent with a secret and a trust policy in an organization of its own, as D1 has them. */
export interface Member {
  readonly organizationId: OrganizationId;
  readonly agentId: AgentId;
  readonly credentialId: CredentialId;
  readonly policyId: CredentialId;
}

const insert = (table: string, row: Record<string, string | number | null>) =>
  DB.prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => "?")})`).bind(
    ...Object.values(row),
  );

const hashOfSecret = "hash-of-the-right-secret";

/**
 * Writes the records of an agent to D1.
 *
 * @param limits those of its organization; without, it has none
 * @param colleague an agent in whose organization it is; without, it has one of its own
 */
export async function newMember(
  limits: { readonly plan_tier?: "free" | "pro"; readonly max_tokens_per_month?: number } = {},
  colleague?: Member,
): Promise<Member> {
  const [organizationId, agentId, credentialId, policyId] = [0, 0, 0, 0].map(() => crypto.randomUUID());
  const [agent, credential, policy] = [agentId!, credentialId!, policyId!];
  const id = colleague?.organizationId ?? organizationId!;
  const times = { created_at: noon, updated_at: noon };
  const organization = { id, name: id, slug: id, plan_tier: "enterprise", status: "active", ...times, ...limits };
  await DB.batch([
    ...(colleague ? [] : [insert("organizations", organization)]),
    insert("agents", {
      id: agent,
      organization_id: id,
      email: `${agent}@example.com`,
      agent_type: "screener",
      version: "1.0.0",
      capabilities: '["resume:read","resume:write"]',
      owner: "talent-team",
      deployment_env: "production",
      granted_scopes: "[]",
      is_public: 0,
      status: "active",
      ...times,
    }),
    insert("credentials", {
      id: credential,
      organization_id: id,
      agent_id: agent,
      secret_hash: hashOfSecret,
      hash_key_id: "k1",
      created_at: noon,
    }),
    insert("trust_policies", {
      id: policy,
      organization_id: id,
      agent_id: agent,
      provider: "oidc",
      issuer: "https://ci.example.com",
      rule: "{}",
      created_at: noon,
    }),
  ]);
  return { organizationId: id, agentId: agent, credentialId: credential, policyId: policy } as Member;
}

/** Changes a record in D1, as a change does that the ledger does not know of. */
export async function changeInD1(table: string, id: string, change: string): Promise<void> {
  const { meta } = await DB.prepare(`UPDATE ${table} SET ${change} WHERE id = ?`).bind(id).run();
  expect(meta.changes).toBe(1);
}

type Presented = TokenRequest["presented"];
export const rightSecret: Presented = { kind: "secret", hashes: [{ keyId: "k1", hash: hashOfSecret }] };
export const wrongSecret: Presented = { kind: "secret", hashes: [{ keyId: "k1", hash: "hash-of-the-wrong-secret" }] };

/** An object of the real class, by its methods and by its storage. */
export function openLedger(organizationId: string) {
  // A stub of an aborted object fails for ever, so each call makes its own.
  const stub = () => ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));
  const ledger = new Proxy({} as Ledger, {
    get: (_, method) => {
      return (...parameters: unknown[]) => Reflect.get(stub(), method)(...parameters);
    },
  });
  const inside = <T>(run: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> =>
    runInDurableObject(stub(), (_, { storage }) => run(storage));
  return {
    ledger,
    /** Runs with the object's storage. A part that is constructed in it starts from what is on disk. */
    inside,
    /** An eviction: memory is lost, storage is not. */
    restart: () => evictDurableObject(stub()),
    /** A crash: what it has not answered may be lost, what it has answered must not be. */
    crash: () =>
      runInDurableObject(stub(), (_, state) => state.abort("aborted by a test")).then(
        () => expect.unreachable(),
        (error: unknown) => expect(String(error)).toContain("aborted by a test"),
      ),
    rows: (table: string) => inside(({ sql }) => sql.exec(`SELECT * FROM ${table}`).toArray()),
    /** Removes what has expired and flushes to D1. */
    alarm: () => runInDurableObject(stub(), (instance) => (instance as unknown as { alarm(): Promise<void> }).alarm()),
  };
}

/** A ledger that no other test uses, without records in D1. */
export const newLedger = () => openLedger(crypto.randomUUID());

/** A member and the ledger of its organization. */
export async function newMemberWithLedger(limits: Parameters<typeof newMember>[0] = {}) {
  const member = await newMember(limits);
  const opened = openLedger(member.organizationId);
  const { ledger } = opened;
  const client = { agentId: member.agentId, presented: rightSecret, source: { ip: "203.0.113.7", userAgent: "test" } };
  return {
    ...opened,
    member,
    /** Requests a token. */
    issue: (changes: Partial<TokenRequest> = {}): Promise<TokenOutcome> =>
      ledger.issueToken({
        ...client,
        scopes: null,
        signingKeyId: "key-1",
        grant: "client_credentials",
        chainId: null,
        proof: null,
        target: { key: null, name: "https://idp.example.com", isNamed: false },
        ...changes,
      }),
    /** Signs in for a call of the API. */
    call: (counting: Counting = "call"): Promise<ClientOutcome> => ledger.authenticateClient(client, counting),
    /** Revokes, as a change does before it is written to D1. */
    revoke: (target: HeldTarget, holdId: HoldId = newHoldId()): Promise<void> => ledger.withdraw([target], holdId),
    /** Whether an access token is accepted. Counts a call, whatever the limits. */
    accepts: async (token: TokenFacts): Promise<boolean> =>
      (await ledger.admit(token, null, true)).outcome === "admitted",
    factsOf: (outcome: TokenOutcome): TokenFacts => {
      if (outcome.outcome !== "issued") throw new Error(`no token: ${outcome.outcome}`);
      return {
        tokenId: outcome.tokenId,
        agentId: member.agentId,
        credentialId: outcome.client.credentialId,
        signingKeyId: "key-1",
        bound: false,
        chainId: null,
        expiresAt: Math.floor(outcome.issuedAtMs / 1000) + 3600,
      };
    },
  };
}

/** The principals over a storage of their own, for one member; `onRead` lets a test into their reads of D1. */
export async function openPrincipals(
  onRead: (result: Promise<unknown>, read: number) => Promise<unknown> = (result) => result,
) {
  const member = await newMember();
  const { organizationId, agentId } = member;
  const { inside, rows } = newLedger();
  let reads = 0;
  const d1 = {
    prepare: (sql: string) => DB.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => onRead(DB.batch(statements), ++reads),
  } as unknown as D1Database;
  return {
    member,
    rows,
    /** How often D1 was read. */
    reads: () => reads,
    /** Every call is a start of the part. `version` is what it says of the agent. */
    start: <T>(
      run: (
        principals: Principals,
        version: (atMs?: number) => Promise<string | null>,
        holds: Holds,
        revocations: Revocations,
      ) => T | Promise<T>,
    ) =>
      inside(({ sql }) => {
        const revocations = new Revocations(sql);
        const holds = new Holds(sql, revocations);
        const principals = new Principals(holds, d1);
        const find = (atMs = noon) => principals.find(organizationId, agentId, atMs);
        return run(principals, async (atMs) => (await find(atMs))?.agent.version ?? null, holds, revocations);
      }),
    change: (version: string) => changeInD1("agents", agentId, `version = '${version}'`),
  };
}

export const theOrganization: SignInTarget = { kind: "organization" };
export const theAgent = ({ agentId }: Member): SignInTarget => ({ kind: "agent", agentId });
export const theCredential = ({ agentId, credentialId }: Member): SignInTarget => ({
  kind: "credential",
  agentId,
  credentialId,
});

/** Delegates `agents:read` for an hour, without a resource. Returns the id of the delegation. */
export async function delegateTo(ledger: Ledger, delegator: Member, delegatee: Member) {
  const outcome = await ledger.delegate({
    delegatorAgentId: delegator.agentId,
    credentialId: null,
    tokenId: crypto.randomUUID() as TokenId,
    delegateeAgentId: delegatee.agentId,
    resourceKey: null,
    scopes: ["agents:read" as Scope],
    ttlSeconds: 3_600,
  });
  if (outcome.outcome !== "delegated") throw new Error(outcome.outcome);
  return outcome.chainId;
}
