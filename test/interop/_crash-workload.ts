/**
 * Mixed writes against a Worker that may be killed at any moment, and a record of what it acknowledged: the state that
 * must be there afterwards, and how often each event must be in the audit log.
 */
import { type Admin, agentFields, send } from "../support/http-client.ts";
import { type Agent, operationsOn, type Writer } from "./_crash-operations.ts";

/** A pseudo-random number in [0, 1) from a seed (mulberry32), so that a failing run can be run again. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How often each event was caused: by `organization action target`, with `?` for the id of a creation that was cut off. */
type Tally = Map<string, number>;

const add = (tally: Tally, key: string, count: number) => tally.set(key, (tally.get(key) ?? 0) + count);

export interface Workload {
  readonly agents: Agent[];
  /** Events of acknowledged writes. */
  readonly acknowledged: Tally;
  /** Events of writes that were cut off. */
  readonly doubtful: Tally;
  /**
   * Writes from many callers at once until `limit` were sent, or `cut` says that the Worker is gone.
   *
   * @param isExpected of an error, whether it was brought about on purpose; the write is then in doubt
   */
  run(
    limit: number,
    onAcknowledged: (count: number) => void,
    cut: () => boolean,
    isExpected?: (error: unknown) => boolean,
  ): Promise<void>;
}

const callers = 16;

/**
 * @param origin where the Worker is
 * @param operator who may make organizations
 * @param organizations whose agents are written to
 */
export function createWorkload(
  origin: string,
  operator: Admin,
  organizations: readonly Admin[],
  random: () => number,
): Workload {
  const agents: Agent[] = [];
  const acknowledged: Tally = new Map();
  const doubtful: Tally = new Map();
  let acknowledgedWrites = 0;
  let lastSerial = 0;

  const serial = () => ++lastSerial;
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];

  const write: Writer["write"] = async (expected, sent) => {
    const key = (target: string) => `${expected.chain} ${expected.action} ${target}`;
    add(doubtful, key(expected.target ?? "?"), 1);
    const answer = await sent();
    if (answer.status >= 300) throw new Error(`${expected.action}: ${answer.status} ${answer.text}`);
    add(doubtful, key(expected.target ?? "?"), -1);
    add(acknowledged, key(expected.target ?? expected.created?.(answer.body) ?? ""), 1);
    acknowledgedWrites++;
    return answer.body;
  };

  const operations = operationsOn({ origin, pick, serial, write });

  async function register(): Promise<void> {
    const organization = pick(organizations)!;
    const body = await write(
      {
        chain: organization.organizationId,
        action: "agent.created",
        target: null,
        created: ({ agentId }) => agentId,
      },
      () => send(origin, "/api/v1/agents", { token: organization.token, json: agentFields() }),
    );
    const { agentId, status, version } = body;
    agents.push({
      organization,
      agentId,
      status,
      role: "member",
      version,
      credentials: [],
      tokens: [],
      busy: false,
      inDoubt: false,
    });
  }

  async function createOrganization(): Promise<void> {
    const slug = `crash-${serial()}-${Math.floor(random() * 1e9)}`;
    await write(
      {
        chain: operator.organizationId,
        action: "organization.created",
        target: null,
        created: ({ organizationId }) => organizationId,
      },
      () =>
        send(origin, "/api/v1/organizations", {
          token: operator.token,
          json: { name: slug, slug, adminEmail: `admin@${slug}.example` },
        }),
    );
  }

  async function writeToAgent(agent: Agent): Promise<void> {
    const possible = operations.filter((operation) => operation.possible(agent));
    const chosen = pick(possible.flatMap((operation) => Array.from({ length: operation.weight }, () => operation)));
    if (!chosen) return;
    agent.busy = true;
    agent.inDoubt = true;
    await chosen.run(agent);
    agent.inDoubt = false;
    agent.busy = false;
  }

  async function writeOnce(): Promise<void> {
    const dice = random();
    if (dice < 0.03) return createOrganization();
    const free = agents.filter(({ busy, inDoubt, status }) => !busy && !inDoubt && status !== "decommissioned");
    const agent = dice < 0.2 ? undefined : pick(free);
    return agent ? writeToAgent(agent) : register();
  }

  return {
    agents,
    acknowledged,
    doubtful,
    async run(limit, onAcknowledged, cut, isExpected = () => false) {
      let sent = 0;
      const before = acknowledgedWrites;
      const caller = async () => {
        while (sent++ < limit && !cut()) {
          try {
            await writeOnce();
            onAcknowledged(acknowledgedWrites - before);
          } catch (error) {
            if (!cut() && !isExpected(error)) throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: callers }, caller));
      for (const agent of agents) agent.busy = false;
    },
  };
}
