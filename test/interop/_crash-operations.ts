/** The writes of the crash test that are about one agent: when each is possible, what it sends, and what then must hold. */
import { type Admin, type Answer, type Body, requestToken, send } from "../support/http-client.ts";

export interface Credential {
  readonly credentialId: string;
  /** null: a rotation was cut off, so nobody knows which secret is right. */
  clientSecret: string | null;
  revoked: boolean;
}

export interface Token {
  readonly value: string;
  readonly credentialId: string;
  dead: boolean;
}

export interface Agent {
  readonly organization: Admin;
  readonly agentId: string;
  status: "active" | "suspended" | "decommissioned";
  role: "member" | "admin";
  version: string;
  readonly credentials: Credential[];
  tokens: Token[];
  /** One write at a time for an agent, so that its last acknowledged state is known. */
  busy: boolean;
  /** A write to it was cut off: it was made or it was not. */
  inDoubt: boolean;
}

/** A write, as the audit log will tell of it. */
export interface Write {
  /** The organization whose chain records it. */
  readonly chain: string;
  readonly action: string;
  /** null: the id is in the answer, see `created`. */
  readonly target: string | null;
  readonly created?: (body: Body) => string;
}

export interface Writer {
  readonly origin: string;
  pick<T>(items: readonly T[]): T | undefined;
  /** A number that no other call gets. */
  serial(): number;
  /** Sends one write and keeps the record; throws when it is cut off. */
  write(expected: Write, sent: () => Promise<Answer>): Promise<Body>;
}

export interface Operation {
  /** How often it is chosen, compared with the others. */
  readonly weight: number;
  readonly possible: (agent: Agent) => boolean;
  readonly run: (agent: Agent) => Promise<void>;
}

const claim = (token: string, name: string) => JSON.parse(atob(token.split(".")[1] ?? ""))[name] as string;

const isActive = ({ status }: Agent) => status === "active";

/** Every operation on an agent. */
export function operationsOn({ origin, pick, serial, write }: Writer): readonly Operation[] {
  async function createCredential(agent: Agent): Promise<void> {
    const { organization, agentId } = agent;
    const body = await write(
      {
        chain: organization.organizationId,
        action: "credential.generated",
        target: null,
        created: ({ credentialId }) => credentialId,
      },
      () => send(origin, `/api/v1/agents/${agentId}/credentials`, { token: organization.token, json: {} }),
    );
    agent.credentials.push({ credentialId: body.credentialId, clientSecret: body.clientSecret, revoked: false });
  }

  /** A write about the agent itself. */
  function change(agent: Agent, action: string, method: string, path: string, json?: unknown): Promise<Body> {
    const { organization, agentId } = agent;
    return write({ chain: organization.organizationId, action, target: agentId }, () =>
      send(origin, path, { method, token: organization.token, ...(json === undefined ? {} : { json }) }),
    );
  }

  const patch = (agent: Agent, action: string, json: unknown) =>
    change(agent, action, "PATCH", `/api/v1/agents/${agent.agentId}`, json);

  const liveCredentials = (agent: Agent) =>
    agent.credentials.filter(({ revoked, clientSecret }) => !revoked && clientSecret !== null);
  const credentialPath = (agent: Agent, { credentialId }: Credential) =>
    `/api/v1/agents/${agent.agentId}/credentials/${credentialId}`;

  const canSignIn = (agent: Agent) => isActive(agent) && liveCredentials(agent).length > 0;

  return [
    { weight: 4, possible: (agent) => agent.credentials.length < 8 && isActive(agent), run: createCredential },
    {
      weight: 3,
      possible: canSignIn,
      run: async (agent) => {
        const credential = pick(liveCredentials(agent))!;
        const secret = credential.clientSecret;
        credential.clientSecret = null;
        const body = await write(
          {
            chain: agent.organization.organizationId,
            action: "credential.rotated",
            target: credential.credentialId,
          },
          () =>
            send(origin, `${credentialPath(agent, credential)}/rotate`, { token: agent.organization.token, json: {} }),
        );
        if (body.clientSecret === secret) throw new Error("a rotation answered with the old secret");
        credential.clientSecret = body.clientSecret;
        for (const token of agent.tokens) token.dead ||= token.credentialId === credential.credentialId;
      },
    },
    {
      weight: 2,
      possible: (agent) => isActive(agent) && liveCredentials(agent).length > 1,
      run: async (agent) => {
        const credential = pick(liveCredentials(agent))!;
        await write(
          {
            chain: agent.organization.organizationId,
            action: "credential.revoked",
            target: credential.credentialId,
          },
          () => send(origin, credentialPath(agent, credential), { method: "DELETE", token: agent.organization.token }),
        );
        credential.revoked = true;
        for (const token of agent.tokens) token.dead ||= token.credentialId === credential.credentialId;
      },
    },
    {
      weight: 2,
      possible: isActive,
      run: async (agent) => {
        await patch(agent, "agent.suspended", { status: "suspended" });
        agent.status = "suspended";
        for (const token of agent.tokens) token.dead = true;
      },
    },
    {
      weight: 6,
      possible: ({ status }) => status === "suspended",
      run: async (agent) => {
        await patch(agent, "agent.reactivated", { status: "active" });
        agent.status = "active";
      },
    },
    {
      weight: 2,
      possible: isActive,
      run: async (agent) => {
        const version = `1.${serial()}.0`;
        await patch(agent, "agent.updated", { version });
        agent.version = version;
      },
    },
    {
      weight: 1,
      possible: isActive,
      run: async (agent) => {
        await change(agent, "agent.decommissioned", "DELETE", `/api/v1/agents/${agent.agentId}`);
        agent.status = "decommissioned";
        for (const one of [...agent.credentials]) one.revoked = true;
        for (const token of agent.tokens) token.dead = true;
      },
    },
    {
      weight: 2,
      possible: isActive,
      run: async (agent) => {
        const role = agent.role === "member" ? "admin" : "member";
        const path = `/api/v1/organizations/${agent.organization.organizationId}/members`;
        await change(agent, "member.set", "POST", path, { agentId: agent.agentId, role });
        agent.role = role;
      },
    },
    {
      weight: 5,
      possible: canSignIn,
      run: async (agent) => {
        const { credentialId, clientSecret } = pick(liveCredentials(agent))!;
        const { access_token } = await write(
          {
            chain: agent.organization.organizationId,
            action: "token.issued",
            target: null,
            created: (body) => claim(body.access_token, "jti"),
          },
          () => requestToken(origin, { clientId: agent.agentId, clientSecret: clientSecret! }),
        );
        agent.tokens.push({ value: access_token, credentialId, dead: false });
      },
    },
    {
      weight: 2,
      possible: ({ tokens }) => tokens.some(({ dead }) => !dead),
      run: async (agent) => {
        const token = pick(agent.tokens.filter(({ dead }) => !dead))!;
        await write(
          {
            chain: agent.organization.organizationId,
            action: "token.revoked",
            target: claim(token.value, "jti"),
          },
          () => send(origin, "/api/v1/token/revoke", { token: agent.organization.token, form: { token: token.value } }),
        );
        token.dead = true;
      },
    },
  ];
}
