/** What must hold after the Worker was cut off, whatever it was doing: nothing half done, and nothing acknowledged lost. */
import { expect } from "vitest";
import { type Admin, requestToken, send } from "../support/http-client.ts";
import type { WorkerProcess } from "../support/worker-process.ts";
import type { Workload } from "./_crash-workload.ts";

/** The Worker, whose organizations they are, and what was done to it. */
export interface Aftermath {
  readonly worker: WorkerProcess;
  readonly organizations: readonly Admin[];
  readonly workload: Workload;
}

/** What no row may show, whatever was acknowledged. Each query answers with the offenders. */
const halfDone: Readonly<Record<string, string>> = {
  "events that wait for the relay": "SELECT id FROM outbox",
  "agents without exactly one key": `
    SELECT agents.id FROM agents LEFT JOIN agent_keys ON agent_id = agents.id AND replaced_at IS NULL
    GROUP BY agents.id HAVING count(agent_keys.id) <> 1`,
  "keys without agent": "SELECT id FROM agent_keys WHERE agent_id NOT IN (SELECT id FROM agents)",
  "agents without exactly one agent.created": `
    SELECT agents.id FROM agents LEFT JOIN audit_events AS event
      ON event.organization_id = agents.organization_id AND target = agents.id AND action = 'agent.created'
    GROUP BY agents.id HAVING count(event_id) <> 1`,
  "agent.created without agent": `
    SELECT target FROM audit_events WHERE action = 'agent.created' AND target NOT IN (SELECT id FROM agents)`,
  "credentials without exactly one credential.generated": `
    SELECT credentials.id FROM credentials LEFT JOIN audit_events AS event
      ON event.organization_id = credentials.organization_id AND target = credentials.id AND action = 'credential.generated'
    GROUP BY credentials.id HAVING count(event_id) <> 1`,
  "credential.generated without credential": `
    SELECT target FROM audit_events WHERE action = 'credential.generated' AND target NOT IN (SELECT id FROM credentials)`,
  "credentials revoked without an event": `
    SELECT credentials.id FROM credentials JOIN agents ON agents.id = agent_id
    WHERE revoked_at IS NOT NULL AND agents.status <> 'decommissioned' AND credentials.id NOT IN
      (SELECT target FROM audit_events WHERE action = 'credential.revoked')`,
  "credential.revoked without effect": `
    SELECT target FROM audit_events JOIN credentials ON credentials.id = target
    WHERE action = 'credential.revoked' AND revoked_at IS NULL`,
  "decommissioned agents with a credential that is not revoked": `
    SELECT credentials.id FROM credentials JOIN agents ON agents.id = agent_id
    WHERE agents.status = 'decommissioned' AND revoked_at IS NULL`,
  "rotations that only one side knows of": `
    SELECT id FROM credentials
    WHERE (rotated_at IS NOT NULL) <> (id IN (SELECT target FROM audit_events WHERE action = 'credential.rotated'))`,
  "agents whose status is not what their last event says": `
    SELECT id FROM agents WHERE status <> coalesce(
      (SELECT CASE action WHEN 'agent.suspended' THEN 'suspended' WHEN 'agent.reactivated' THEN 'active' ELSE 'decommissioned' END
       FROM audit_events AS event WHERE event.organization_id = agents.organization_id AND target = agents.id
         AND action IN ('agent.suspended', 'agent.reactivated', 'agent.decommissioned')
       ORDER BY sequence DESC LIMIT 1), 'active')`,
  "agents whose role is not what their last event says": `
    SELECT id FROM agents WHERE role <> coalesce(
      (SELECT details ->> '$.role.to' FROM audit_events AS event
       WHERE event.organization_id = agents.organization_id AND target = agents.id AND action = 'member.set'
       ORDER BY sequence DESC LIMIT 1), role)`,
  "organizations without exactly one organization.created": `
    SELECT organizations.id FROM organizations LEFT JOIN audit_events AS event
      ON event.organization_id = organizations.id AND target = organizations.id AND action = 'organization.created'
    GROUP BY organizations.id HAVING count(event_id) <> 1`,
  "organizations without an admin that can sign in": `
    SELECT id FROM organizations WHERE id NOT IN
      (SELECT agents.organization_id FROM agents JOIN credentials ON agent_id = agents.id WHERE role = 'admin')`,
  "chains with a gap or a double": `
    SELECT organization_id FROM audit_events GROUP BY organization_id
    HAVING min(sequence) <> 1 OR max(sequence) <> count(*) OR count(DISTINCT event_id) <> count(*)`,
};

export async function expectNothingHalfDone({ worker }: Pick<Aftermath, "worker">): Promise<void> {
  for (const [what, sql] of Object.entries(halfDone)) expect(await worker.query(sql), what).toStrictEqual([]);
}

/** Ledgers that nobody can ask (their admin's secret was cut off) write their events down by themselves. */
export async function ledgersAtRest({ worker }: Pick<Aftermath, "worker">): Promise<void> {
  const lacking = halfDone["organizations without exactly one organization.created"] ?? "";
  await expect.poll(async () => (await worker.query(lacking)).length, { timeout: 20_000, interval: 250 }).toBe(0);
}

export async function expectChainsVerify({ worker, organizations }: Omit<Aftermath, "workload">): Promise<void> {
  for (const { token, organizationId } of organizations) {
    const answer = await send(worker.issuer, "/api/v1/audit/verify", { token });
    const [{ count }] = (await worker.query(
      "SELECT count(*) AS count FROM audit_events WHERE organization_id = ?",
      organizationId,
    )) as [{ count: number }];
    expect(answer.body).toMatchObject({ verified: true, brokenAtEventId: null, checkedCount: count });
  }
}

/** Each acknowledged change has its event once; a change that was cut off has at most one. */
export async function expectEventsOnce({ worker, organizations, workload }: Aftermath): Promise<void> {
  const { acknowledged, doubtful } = workload;
  const rows = await worker.query<{ organization: string; action: string; target: string; count: number }>(
    "SELECT organization_id AS organization, action, target, count(*) AS count FROM audit_events GROUP BY 1, 2, 3",
  );
  const recorded = new Map(rows.map((row) => [`${row.organization} ${row.action} ${row.target}`, row.count]));
  const wrong = [...acknowledged].filter(([key, count]) => {
    const found = recorded.get(key) ?? 0;
    return found < count || found > count + (doubtful.get(key) ?? 0);
  });
  expect(wrong.map(([key, count]) => `${key}: ${count} acknowledged, ${recorded.get(key)} recorded`)).toStrictEqual([]);

  /** What nobody acknowledged can only be a creation that was cut off; its id is not known to the workload. */
  for (const { organizationId, agentId, credentialId } of organizations.slice(1)) {
    for (const action of ["agent.created", "credential.generated"]) {
      const unknown = rows.filter(
        (row) =>
          row.organization === organizationId &&
          row.action === action &&
          row.target !== agentId &&
          row.target !== credentialId &&
          !acknowledged.has(`${organizationId} ${action} ${row.target}`),
      );
      expect(unknown.length, action).toBeLessThanOrEqual(doubtful.get(`${organizationId} ${action} ?`) ?? 0);
    }
  }
}

interface Row {
  readonly id: string;
  readonly status: string;
  readonly role: string;
  readonly version: string;
}

export async function expectAcknowledgedState({ worker, workload }: Aftermath): Promise<void> {
  const rows = await worker.query<Row>("SELECT id, status, role, version FROM agents");
  const found = new Map(rows.map((row) => [row.id, row]));
  const revoked = await worker.query<{ id: string }>("SELECT id FROM credentials WHERE revoked_at IS NOT NULL");
  const revokedIds = new Set(revoked.map(({ id }) => id));
  for (const agent of workload.agents) {
    expect(found.has(agent.agentId)).toBe(true);
    if (agent.inDoubt) continue;
    const { agentId: id, status, role, version } = agent;
    expect(found.get(id)).toStrictEqual({ id, status, role, version });
    for (const { credentialId, revoked } of agent.credentials) expect(revokedIds.has(credentialId)).toBe(revoked);
  }
}

/** The same seen from outside: what may be used can be used, what was taken back cannot. */
export async function expectAcknowledgedUse({ worker, workload }: Aftermath): Promise<void> {
  const { issuer } = worker;
  for (const { agentId, status, inDoubt, credentials, tokens } of workload.agents) {
    if (inDoubt) continue;
    for (const { value, dead } of tokens) {
      const answer = await send(issuer, "/api/v1/agents?limit=1", { token: value });
      expect(answer.status).toBe(dead ? 401 : 200);
    }
    const live = credentials.find(({ revoked }) => !revoked);
    if (!live?.clientSecret) continue;
    const answer = await requestToken(issuer, { clientId: agentId, clientSecret: live.clientSecret });
    expect(answer.status, answer.text).toBe(status === "active" ? 200 : 401);
  }
}

/** The agents whose last change was cut off and that cannot do what their record says, or can do what it does not say. */
export async function unsettled({ worker, workload }: Aftermath): Promise<string[]> {
  const rows = await worker.query<Row>("SELECT id, status, role, version FROM agents");
  const live = await worker.query<{ id: string }>("SELECT id FROM credentials WHERE revoked_at IS NULL");
  const liveIds = new Set(live.map(({ id }) => id));
  const found: string[] = [];
  for (const { agentId, inDoubt, credentials } of workload.agents) {
    const usable = credentials.find(({ credentialId, clientSecret }) => clientSecret && liveIds.has(credentialId));
    if (!inDoubt || !usable?.clientSecret) continue;
    const answer = await requestToken(worker.issuer, { clientId: agentId, clientSecret: usable.clientSecret });
    const status = rows.find(({ id }) => id === agentId)?.status;
    if (answer.status !== (status === "active" ? 200 : 401)) found.push(`${agentId} is ${status}: ${answer.text}`);
  }
  return found;
}
