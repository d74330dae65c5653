/** The service under attack: the built Worker, admins who may do everything, and one of everything to do it to. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import {
  type Admin,
  type Client,
  newClient,
  newOrganization,
  send,
  setUp,
  tokenFor,
} from "../../support/http-client.ts";
import { newWorkerProcess, setupToken, type WorkerProcess } from "../../support/worker-process.ts";
import { type OpenApi, type Operation, operationsOf } from "./_contract.ts";
import { exchange, type WireAnswer, type WireRequest } from "./_wire.ts";

/** One thing for every path parameter of the document, there to be changed and destroyed. */
export type Things = Readonly<Record<string, string>>;

/** An organization of its own for the attack on one operation, so that no attack spoils the next. */
export interface Scene {
  readonly things: Things;
  /** A client that the token endpoint knows. */
  readonly client: Client;
  readonly organizationId: string;
  /** Sends a request with every right there is; signs in again where a request before has taken its token back. */
  send(request: WireRequest): Promise<WireAnswer>;
}

export interface Service {
  readonly worker: WorkerProcess;
  readonly document: OpenApi;
  readonly operations: readonly Operation[];
  newScene(operation: Operation): Promise<Scene>;
  /** Nothing of what was sent has come to the log as an exception, and every audit chain verifies. */
  expectUnharmed(): Promise<void>;
}

const scopes = "agents:read agents:write tokens:read audit:read webhooks:read webhooks:write admin:orgs";

/** Settings with which every route answers for itself. Nobody listens at the address of Stripe's stand-in. */
const bindings = {
  STRIPE_SECRET_KEY: "sk_test_0123456789abcdef0123456789",
  STRIPE_WEBHOOK_SECRET: "whsec_0123456789abcdef0123456789",
  STRIPE_PRICE_PRO: "price_pro",
  STRIPE_PRICE_ENTERPRISE: "price_enterprise",
  STRIPE_API_URL: "http://localhost:9",
  METRICS_TOKEN: "a-metrics-token-for-the-tests-only-0123456789",
};

/** What only the operator's admin may do. */
const ofOperator = /^\/api\/v1\/(organizations|keys)(\/|$)/;
const withOwnToken: Readonly<Record<string, string>> = {
  "/api/v1/setup": setupToken,
  "/metrics": bindings.METRICS_TOKEN,
  "/health/detailed": bindings.METRICS_TOKEN,
};

async function newThings(issuer: string, tenant: Admin, token: string, client: Client & { agentId: string }) {
  const { agentId } = client;
  const made = async (path: string, json: unknown) => {
    const answer = await send(issuer, `/api/v1${path}`, { token, json });
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };
  const policy = { provider: "github", repository: "acme/app", branch: "main", agentId };
  const webhook = await made("/webhooks", { name: "Hook", url: "http://localhost:9/hook", events: ["tier.changed"] });
  const delegation = { delegateeAgentId: agentId, scopes: ["agents:read"], ttlSeconds: 600 };
  const delivery = await send(issuer, `/api/v1/webhooks/${webhook.id}/test`, { method: "POST", token });
  const log = await send(issuer, "/api/v1/audit?limit=1", { token });
  return {
    orgId: tenant.organizationId,
    slug: (await send(issuer, `/api/v1/organizations/${tenant.organizationId}`, { token })).body.slug,
    agentId,
    policyId: (await made("/oidc/trust-policies", policy)).policyId,
    partnerId: (await made("/federation/trust", { name: "Partner", issuer: "https://idp.example.com" })).partnerId,
    chainId: (await made("/oauth2/token/delegate", delegation)).chainId,
    webhookId: webhook.id,
    deliveryId: delivery.body.id,
    eventId: log.body.data[0].eventId,
  };
}

/** Starts the service and sets it up. */
export async function startService(): Promise<Service> {
  const worker = await newWorkerProcess(bindings);
  await worker.start();
  const { issuer } = worker;
  const operator = await setUp(issuer);
  const document = (await send(issuer, "/openapi.json")).body as OpenApi;
  const tenants: Admin[] = [operator];
  const signIn = (admin: Admin) => tokenFor(issuer, admin, { scope: scopes });

  async function newScene({ path }: Operation): Promise<Scene> {
    // A new token each time: an attack on the keys may have dropped the one that signed the last.
    const tenant = await newOrganization(issuer, { ...operator, token: await signIn(operator) });
    tenants.push(tenant);
    const client = await newClient(issuer, tenant.token);
    const things = {
      ...(await newThings(issuer, tenant, await signIn(tenant), client)),
      credentialId: client.credentialId,
    };
    const admin = ofOperator.test(path) ? operator : tenant;
    let token = withOwnToken[path] ?? (await signIn(admin));
    return {
      things,
      client,
      organizationId: admin.organizationId,
      async send(request) {
        const ask = () =>
          exchange(issuer, { ...request, headers: [...(request.headers ?? []), ["Authorization", `Bearer ${token}`]] });
        const answer = await ask();
        if (answer.status !== 401 || !answer.headers.get("WWW-Authenticate")?.includes("invalid_token")) return answer;
        token = await signIn(admin);
        return ask();
      },
    };
  }

  /** An attack may have used up the verifications of this minute. */
  async function verification(token: string): Promise<WireAnswer> {
    const headers = [["Authorization", `Bearer ${token}`]] as const;
    const answer = await exchange(issuer, { method: "GET", path: "/api/v1/audit/verify", headers });
    if (answer.status !== 429) return answer;
    await sleep(Number(answer.headers.get("Retry-After")) * 1000);
    return verification(token);
  }

  return {
    worker,
    document,
    operations: operationsOf(document),
    newScene,
    async expectUnharmed() {
      expect(worker.log()).not.toMatch(/unhandled error|Uncaught|internal error/i);
      await worker.runCron();
      let verified = 0;
      for (const tenant of tenants) {
        const form = { grant_type: "client_credentials", scope: "audit:read" };
        const signedIn = await send(issuer, "/api/v1/token", { basic: tenant, form });
        // An attack may have suspended or deleted the organization, or lowered its limits, which was its to do.
        if (signedIn.status !== 200) continue;
        const answer = await verification(signedIn.body.access_token);
        expect(answer.body, answer.text).toMatchObject({ verified: true, brokenAtEventId: null });
        verified++;
      }
      expect(verified).toBeGreaterThan(tenants.length / 2);
    },
  };
}
