/** What the database of 0.1.0 is about: one organization with one of everything, and the operator's. */
import { setTimeout as sleep } from "node:timers/promises";
import { exportJWK, generateKeyPair } from "jose";
import type { Body, Service } from "./_service.ts";

const setupToken = "a-set-up-token-for-the-tests-only-0123456789";
const hourMs = 3_600_000;
/** A ledger flushes five seconds after its last event. */
const flushedAfterMs = 7_000;

const tokenType = "urn:ietf:params:oauth:token-type:access_token";
const adminScopes = "agents:read agents:write tokens:read audit:read webhooks:read webhooks:write admin:orgs";

export async function makeWorld(service: Service) {
  const { send } = service;
  const token = async (client: Body, parameters: Record<string, string> = {}) =>
    send("/api/v1/token", { basic: client, form: { grant_type: "client_credentials", ...parameters } });
  const accessToken = async (client: Body, parameters?: Record<string, string>): Promise<string> =>
    (await token(client, parameters)).access_token;

  const setUp = await send("/api/v1/setup", {
    token: setupToken,
    json: { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" },
  });
  const operator = { ...setUp.admin, organizationId: setUp.organization.organizationId };
  const made = await send("/api/v1/organizations", {
    token: await accessToken(operator, { scope: adminScopes }),
    json: { name: "Acme", slug: "acme", adminEmail: "admin@acme.example", planTier: "free" },
  });
  const admin = { ...made.admin, organizationId: made.organizationId };
  let own = await accessToken(admin, { scope: adminScopes });

  const register = async (name: string, fields: object = {}) =>
    send("/api/v1/agents", {
      token: own,
      json: {
        email: `${name}@acme.example`,
        agentType: "screener",
        version: "1.0.0",
        capabilities: ["resume:read"],
        owner: "talent-team",
        deploymentEnv: "production",
        ...fields,
      },
    });
  const credential = async (agentId: string) => send(`/api/v1/agents/${agentId}/credentials`, { token: own, json: {} });
  const newClient = async (name: string, fields: object = {}) => {
    const agent = await register(name, fields);
    return { ...agent, ...(await credential(agent.agentId)) };
  };

  const screener = await newClient("screener", {
    isPublic: true,
    description: "Screens résumés",
    grantedScopes: ["agents:read", "tokens:read", "audit:read"],
  });
  const wide = await newClient("wide", { grantedScopes: ["agents:read", "admin:orgs"] });
  const suspended = await newClient("suspended");
  const gone = await newClient("gone");
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keyed = {
    ...(await register("keyed", { publicKeyJwk: await exportJWK(publicKey) })),
    privateJwk: await exportJWK(privateKey),
  };
  await send(`/api/v1/agents/${suspended.agentId}`, { method: "PATCH", token: own, json: { status: "suspended" } });
  await send(`/api/v1/agents/${gone.agentId}`, { method: "DELETE", token: own });
  const rotated = await send(`/api/v1/agents/${wide.agentId}/credentials/${wide.credentialId}/rotate`, {
    token: own,
    json: {},
  });

  const policy = await send("/api/v1/oidc/trust-policies", {
    token: own,
    json: { provider: "github", repository: "acme/resumes", branch: "main", agentId: screener.agentId },
  });
  const partner = await send("/api/v1/federation/trust", {
    token: own,
    json: { name: "Partner", issuer: "https://idp.partner.example" },
  });
  // Nothing listens there, so its deliveries wait.
  const webhook = await send("/api/v1/webhooks", {
    token: own,
    json: { name: "Hook", url: "http://localhost:9/hook", events: ["agent.updated", "agent.created"] },
  });
  await send(`/api/v1/agents/${screener.agentId}`, { method: "PATCH", token: own, json: { version: "1.1.0" } });

  await send("/api/v1/tiers/upgrade", { token: own, json: { target_tier: "pro" } });
  const { url } = [...service.stripe.sessions.values()].at(-1) as Body;
  const { session } = service.stripe.pay(url);
  await service.deliver("checkout.session.completed", session);

  await token({ ...screener, clientSecret: `sa_sec_${"A".repeat(52)}` }).catch(() => undefined);
  const opened = await accessToken(screener);
  await send("/api/v1/token/introspect", { token: opened, form: { token: opened } });
  await send("/api/v1/token/revoke", { basic: screener, form: { token: opened } });
  const anyAudience = await accessToken(screener, { scope: "resume:read", resource: "https://resumes.acme.example" });

  await sleep(flushedAfterMs);
  await service.goAhead(hourMs + 60_000);
  // The checkpoints, the controls and the counts.
  await service.cron();

  own = await accessToken(admin, { scope: adminScopes });
  const ofScreener = await token(screener, { scope: "agents:read tokens:read openid" });
  const lend = async (scopes: string[], bearer: string) =>
    send("/api/v1/oauth2/token/delegate", {
      token: bearer,
      json: { delegateeAgentId: wide.agentId, scopes, ttlSeconds: 3600 },
    });
  const reading = await lend(["agents:read"], ofScreener.access_token);
  const capability = await lend(["resume:read"], await accessToken(screener, { scope: "resume:read agents:read" }));
  const ended = await lend(["agents:read"], ofScreener.access_token);
  await send(`/api/v1/oauth2/token/delegate/${ended.chainId}`, { method: "DELETE", token: ofScreener.access_token });
  await send("/api/v1/token", {
    basic: { ...wide, clientSecret: rotated.clientSecret },
    form: {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: reading.delegationToken,
      subject_token_type: "urn:sentryagent:token-type:delegation",
      requested_token_type: tokenType,
    },
  });

  // From here on the relay finds nothing, as when the Worker ends between a change and the relay.
  await service.query("CREATE TABLE held AS SELECT * FROM outbox WHERE 0");
  await service.query(
    "CREATE TRIGGER hold AFTER INSERT ON outbox BEGIN INSERT INTO held SELECT * FROM outbox WHERE id = new.id; DELETE FROM outbox WHERE id = new.id; END",
  );
  await send(`/api/v1/agents/${screener.agentId}`, { method: "PATCH", token: own, json: { version: "1.2.0" } });
  const last = await token(screener, { scope: "agents:read" });
  await service.query("DROP TRIGGER hold");
  await service.query("INSERT INTO outbox SELECT * FROM held");
  await service.query("DROP TABLE held");
  const madeAtMs = await service.goAhead(0);

  const ledgers = [operator.organizationId, admin.organizationId].map((name) => ({ binding: "ORG_LEDGER", name }));
  const chains = [reading, capability, ended].map(({ chainId }) => ({ binding: "DELEGATION_CHAIN", name: chainId }));
  return {
    madeAtMs,
    objects: [...ledgers, ...chains, { binding: "METRICS", name: "metrics" }],
    clients: {
      operator,
      admin,
      screener,
      wide: { ...wide, newSecret: rotated.clientSecret },
      suspended,
      gone,
      keyed,
      policyId: policy.policyId,
      partnerId: partner.partnerId,
      webhookId: webhook.id,
      tokens: { admin: own, last: last.access_token, anyAudience, idToken: ofScreener.id_token },
      delegations: { reading, capability, ended },
    },
  };
}
