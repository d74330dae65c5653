/**
 * Workloads of other platforms become agents over real HTTP: an issuer with keys of its own stands in for GitHub, GitLab and
 * Kubernetes, and standard OAuth clients send what it signed.
 */
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, type Body, newClient, newOrganization, newResource, send, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import {
  githubClaims,
  gitlabClaims,
  kubernetesClaims,
  pullRequest,
  type StandInIssuer,
  startIssuer,
} from "./_stand-in-issuer.ts";
import { exchange, expectRefused, newPolicy, newWorkload, refusals } from "./_workload-client.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

let github: StandInIssuer;
let cluster: StandInIssuer;
let worker: WorkerProcess;
let operator: Admin;
let organization: Admin;

beforeAll(async () => {
  [github, cluster] = await Promise.all([startIssuer(), startIssuer("ES256")]);
  worker = await newWorkerProcess({ GITHUB_OIDC_ISSUER: github.issuer });
  await worker.start();
  operator = await setUp(worker.issuer);
  organization = await newOrganization(worker.issuer, operator);
});

afterAll(async () => {
  await worker?.stop();
  await Promise.all([github?.close(), cluster?.close()]);
});

const claims = (fields: Record<string, unknown> = {}) => githubClaims(worker.issuer, fields);

/** Exchanges; fails the test when refused. */
async function tokenFor(token: string, agentId: string): Promise<Body> {
  const answer = await exchange(worker, { token, agentId });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

const callApi = (token: string, instance = worker.issuer) => send(instance, "/api/v1/agents", { token });

describe("POST /oidc/token, GitHub", () => {
  it("the answer is that of the token endpoint, and the token verifies with the published keys", async () => {
    const { agentId, policyId } = await newWorkload(worker, organization, { branch: "main" });
    const answer = await exchange(worker, { token: await github.sign(claims()), agentId });
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer).toMatchObject({
      status: 200,
      body: {
        access_token: expect.stringMatching(/^ey/),
        token_type: "Bearer",
        expires_in: 3600,
        scope: "agents:read",
      },
    });
    const keys = createRemoteJWKSet(new URL(`${worker.issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(answer.body.access_token, keys, { typ: "at+jwt", audience: worker.issuer });
    expect(payload).toMatchObject({
      iss: worker.issuer,
      sub: agentId,
      client_id: agentId,
      organization_id: organization.organizationId,
      credential_id: policyId,
    });
    for (const instance of worker.instances) {
      expect((await callApi(answer.body.access_token, instance)).status).toBe(200);
    }
    const path = `/api/v1/audit?action=token.issued&agentId=${agentId}`;
    const [event] = (await send(worker.issuer, path, { token: organization.token })).body.data;
    expect(event).toMatchObject({
      target: payload.jti,
      actor: { agentId, credentialId: policyId },
      details: { grant: jwtBearer, audience: [worker.issuer] },
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["a branch with slashes", { branch: "release/1.x" }, { ref: "refs/heads/release/1.x" }],
    ["a schedule on the branch", { branch: "main" }, { event_name: "schedule" }],
    [
      "an environment, from a tag",
      { environment: "production" },
      { environment: "production", ref: "refs/tags/v1", ref_type: "tag" },
    ],
    ["branch and environment", { branch: "main", environment: "eu" }, { environment: "eu" }],
    ["every run, where the policy says so: a tag", { anyRef: true }, { ref: "refs/tags/v1", ref_type: "tag" }],
    ["a pull request, where the policy says so", { anyRef: true, pullRequests: true }, pullRequest()],
    ["an environment in other case", { environment: "production" }, { environment: "Production" }],
    ["a tag", { tag: "v1.4.0" }, { ref: "refs/tags/v1.4.0", ref_type: "tag" }],
    [
      "a merge queue",
      { ref: "refs/heads/gh-readonly-queue/main" },
      {
        event_name: "merge_group",
        ref: "refs/heads/gh-readonly-queue/main/pr-7-714a629c0b401fdce83e847fc9589983fc6f46bc",
      },
    ],
    [
      "a reusable workflow",
      { jobWorkflowRef: "acme/workflows/.github/workflows/deploy.yml@refs/heads/main" },
      { job_workflow_ref: "acme/workflows/.github/workflows/deploy.yml@refs/heads/main" },
    ],
    [
      "the repository of a managed user",
      { repository: "jane_corp/app", branch: "main" },
      { repository: "jane_corp/app", repository_owner: "jane_corp" },
    ],
    [
      "a renamed repository of a renamed owner, by its ids",
      { branch: "main", repositoryId: "774218503", repositoryOwnerId: "9919" },
      {
        repository: "acme-inc/cvs",
        repository_owner: "acme-inc",
        sub: "repo:acme-inc@9919/cvs@774218503:ref:refs/heads/main",
      },
    ],
    ["a sub in a form of the repository's own", { branch: "main" }, { sub: "job_workflow_ref:any:thing" }],
    ["an audience in an array of one", { branch: "main" }, { aud: undefined }],
    ["a clock that is a little ahead, or behind", { branch: "main" }, { exp: Math.floor(Date.now() / 1000) - 20 }],
  ])("%s", async (_, policy, fields) => {
    const { agentId } = await newWorkload(worker, organization, policy);
    const aud = "aud" in fields ? [worker.issuer] : worker.issuer;
    await tokenFor(await github.sign(claims({ ...fields, aud })), agentId);
  });

  it("an enterprise whose slug is in the issuer, and its pull requests never", async () => {
    const { agentId } = await newWorkload(worker, organization, { enterprise: "enterprise", branch: "main" });
    const iss = `${github.issuer}/enterprise`;
    await tokenFor(await github.sign(claims({ iss })), agentId);
    for (const fields of [pullRequest(), { event_name: "pull_request_target", head_ref: "patch-1" }]) {
      expectRefused(await exchange(worker, { token: await github.sign(claims({ iss, ...fields })), agentId }));
    }
    const events = await refusals(worker, organization, agentId);
    expect(events.map(({ details }) => details.reason)).toEqual(["pull_request", "pull_request"]);
  });

  it("one agent, several policies: the one that fits lets it in", async () => {
    const repository = "acme/several";
    const { agentId } = await newWorkload(worker, organization, { repository, branch: "main" });
    const json = { provider: "github", repository, branch: "next", agentId };
    const next = await send(worker.issuer, "/api/v1/oidc/trust-policies", { token: organization.token, json });
    const answer = await tokenFor(await github.sign(claims({ repository, ref: "refs/heads/next" })), agentId);
    const [, payload = ""] = answer.access_token.split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
      sub: agentId,
      credential_id: next.body.policyId,
    });
  });

  it("by the name of the repository, and by its id", async () => {
    const byName = await newWorkload(worker, organization, { repository: "acme/lone", branch: "main" });
    const byId = await newWorkload(worker, organization, {
      repository: "acme/old",
      repositoryId: "55",
      branch: "main",
    });
    for (const [fields, { agentId }] of [
      [{ repository: "acme/lone", repository_id: "54" }, byName],
      [{ repository: "acme/new", repository_id: "55" }, byId],
    ] as const) {
      const { access_token } = await tokenFor(await github.sign(claims(fields)), agentId);
      const { body } = await send(worker.issuer, "/api/v1/token/introspect", {
        ...{ token: organization.token, form: { token: access_token } },
      });
      expect(body).toMatchObject({ active: true, client_id: agentId });
    }
  });

  it("each token once: of fifty at once, at two instances, exactly one gets in", async () => {
    // An organization of its own: the log has sixty refusals of an organization in a minute, and other tests need some of them.
    const tenant = await newOrganization(worker.issuer, operator);
    const { agentId } = await newWorkload(worker, tenant, { repository: "acme/once", branch: "main" });
    const token = await github.sign(claims({ repository: "acme/once", repository_id: "77" }));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        exchange(worker, { token, agentId }, { instance: worker.instances[n % 2]! }),
      ),
    );
    const [winner, ...others] = answers.sort((a, b) => a.status - b.status);
    expect(winner?.status).toBe(200);
    for (const answer of others) expectRefused(answer);
    expectRefused(await exchange(worker, { token, agentId }));
    const events = await refusals(worker, tenant, agentId);
    expect(events).toHaveLength(50);
    expect(new Set(events.map((event) => event.details.reason))).toEqual(new Set(["workload_token_replayed"]));
  });

  it("a policy is deleted: its tokens die on their next use, at the other instance too; those of another one live", async () => {
    const { agentId, policyId } = await newWorkload(worker, organization, { branch: "main" });
    const client = await newClient(worker.issuer, organization.token);
    const { access_token } = await tokenFor(await github.sign(claims()), agentId);
    expect((await callApi(access_token, worker.instances[1])).status).toBe(200);
    const path = `/api/v1/oidc/trust-policies/${policyId}`;
    expect((await send(worker.issuer, path, { token: organization.token, method: "DELETE" })).status).toBe(204);
    for (const instance of worker.instances.toReversed()) {
      expect(await callApi(access_token, instance)).toMatchObject({ status: 401, body: { error: "invalid_token" } });
      expectRefused(await exchange(worker, { token: await github.sign(claims()), agentId }, { instance }));
    }
    const other = await send(worker.issuer, "/api/v1/token", {
      basic: client,
      form: { grant_type: "client_credentials" },
    });
    expect((await callApi(other.body.access_token)).status).toBe(200);
  });

  it("an agent is suspended and comes back: its old token stays dead, a new one can be had", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const { access_token } = await tokenFor(await github.sign(claims()), agentId);
    const set = (status: string) =>
      send(worker.issuer, `/api/v1/agents/${agentId}`, {
        token: organization.token,
        method: "PATCH",
        json: { status },
      });
    await set("suspended");
    expect((await callApi(access_token)).status).toBe(401);
    await set("active");
    expect((await callApi(access_token)).status).toBe(401);
    const renewed = await tokenFor(await github.sign(claims()), agentId);
    expect((await callApi(renewed.access_token)).status).toBe(200);
  });
});

describe("POST /oidc/token, any issuer", () => {
  const policyFor = (fields: Record<string, unknown>) => ({
    ...{ provider: "oidc", issuer: cluster.issuer, audience: "agentidp" },
    ...{ claims: { sub: "system:serviceaccount:screening:resume-screener" } },
    ...fields,
  });

  it("Kubernetes: aud in an array, no typ, no jti; signed once and used once", async () => {
    const { agentId } = await newWorkload(worker, organization, policyFor({}));
    const token = await cluster.sign(kubernetesClaims("agentidp"), { header: { typ: undefined } });
    await tokenFor(token, agentId);
    expectRefused(await exchange(worker, { token, agentId }));
    const [event] = await refusals(worker, organization, agentId);
    expect(event.details.reason).toBe("workload_token_replayed");
  });

  it("kube-apiserver, which answers 406 to plain JSON: by discovery, by jwksUri, and by keys that are pasted", async () => {
    const apiServer = await startIssuer("ES256", { only: "application/jwk-set+json" });
    const jwksUri = `${apiServer.issuer}/.well-known/jwks`;
    const accept = "application/jwk-set+json";
    const jwks = await (await fetch(jwksUri, { headers: { accept } })).json();
    // The issuer of a cluster is a name inside it.
    const inside = "https://kubernetes.default.svc.cluster.local";
    for (const [iss, keys] of [
      [apiServer.issuer, {}],
      [inside, { jwksUri }],
      [inside, { jwks }],
    ] as const) {
      const { agentId } = await newWorkload(worker, organization, policyFor({ issuer: iss, ...keys }));
      const token = kubernetesClaims("agentidp", { iss, jti: crypto.randomUUID() });
      await tokenFor(await apiServer.sign(token, { header: { typ: undefined } }), agentId);
    }
    await apiServer.close();
  });

  it("Amazon Cognito's key id, a JWT-SVID's type, headers that bring keys: accepted or ignored", async () => {
    const cognito = await startIssuer("RS256", { kid: "Zm9v/YmFy+YmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=" });
    const { agentId } = await newWorkload(worker, organization, policyFor({ issuer: cognito.issuer }));
    const headers = [
      {},
      { typ: "JOSE" },
      { typ: "at+jwt" },
      { jku: `${cognito.issuer}/elsewhere`, x5u: `${cognito.issuer}/elsewhere`, x5t: "AAAA", x5c: ["MIIB"] },
    ];
    for (const header of headers) {
      const jti = crypto.randomUUID();
      await tokenFor(await cognito.sign(kubernetesClaims("agentidp", { jti }), { header }), agentId);
    }
    expect(cognito.requests).toEqual(["/.well-known/openid-configuration", "/.well-known/jwks"]);
    await cognito.close();
  });

  it("two policies for one issuer, each with keys of its own: each key signs in for its policy alone", async () => {
    const [one, other] = await Promise.all([startIssuer("ES256"), startIssuer("ES256")]);
    const issuer = "https://kubernetes.default.svc";
    const keysOf = ({ issuer: origin }: StandInIssuer) => ({ jwksUri: `${origin}/.well-known/jwks` });
    const { agentId } = await newWorkload(worker, organization, policyFor({ issuer, ...keysOf(one) }));
    await newPolicy(worker, organization, agentId, policyFor({ issuer, ...keysOf(other), claims: { sub: "other" } }));
    await tokenFor(await one.sign(kubernetesClaims("agentidp", { iss: issuer })), agentId);
    await tokenFor(await other.sign(kubernetesClaims("agentidp", { iss: issuer, sub: "other" })), agentId);
    const crossed = await one.sign(kubernetesClaims("agentidp", { iss: issuer, sub: "other" }));
    expectRefused(await exchange(worker, { token: crossed, agentId }));
    const [event] = await refusals(worker, organization, agentId);
    expect(event.details).toMatchObject({ reason: "claim_mismatch", claim: "sub", received: "other" });
    await Promise.all([one.close(), other.close()]);
  });

  it("Kubernetes: of one ECDSA signature a second one is made; the token is still the same", async () => {
    const { agentId } = await newWorkload(worker, organization, policyFor({}));
    const token = await cluster.sign(kubernetesClaims("agentidp"));
    await tokenFor(token, agentId);
    const [header, payload, signature = ""] = token.split(".");
    const bytes = Buffer.from(signature, "base64url");
    const order = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    const s = order - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
    expectRefused(await exchange(worker, { token: [header, payload, twin.toString("base64url")].join("."), agentId }));
    const [event] = await refusals(worker, organization, agentId);
    expect(event.details.reason).toBe("workload_token_replayed");
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["another service account", { sub: "system:serviceaccount:screening:default" }, { claim: "sub" }],
    ["the same name in another namespace", { sub: "system:serviceaccount:dev:resume-screener" }, { claim: "sub" }],
    ["no subject", { sub: undefined }, { claim: "sub", received: null }],
    [
      "two audiences",
      { aud: ["agentidp", "https://kubernetes.default.svc"] },
      { reason: "audience_mismatch", claim: "aud", received: ["agentidp", "https://kubernetes.default.svc"] },
    ],
    [
      "our issuer, where the policy names another audience",
      { aud: ["http://localhost"] },
      { reason: "audience_mismatch" },
    ],
  ])("Kubernetes: %s", async (_, fields, details) => {
    const { agentId } = await newWorkload(worker, organization, policyFor({}));
    const token = await cluster.sign(kubernetesClaims("agentidp", fields));
    expectRefused(await exchange(worker, { token, agentId }));
    const [event] = await refusals(worker, organization, agentId);
    expect(event.details).toMatchObject({ reason: "claim_mismatch", ...details });
  });

  it("GitLab: project, branch and protection, each compared by value and type", async () => {
    const demanded = { project_id: "20", ref: "main", ref_type: "branch", ref_protected: "true", runner_id: 1 };
    const policy = policyFor({ audience: worker.issuer, claims: demanded });
    const { agentId } = await newWorkload(worker, organization, policy);
    await tokenFor(await cluster.sign(gitlabClaims(worker.issuer)), agentId);
    for (const [name, value] of Object.entries({
      project_id: 20,
      ref: "main2",
      ref_type: "tag",
      ref_protected: true,
      runner_id: "1",
    })) {
      const token = await cluster.sign(gitlabClaims(worker.issuer, { [name]: value }));
      expectRefused(await exchange(worker, { token, agentId }));
      const [event] = await refusals(worker, organization, agentId);
      expect(event.details).toMatchObject({ reason: "claim_mismatch", claim: name, received: String(value) });
    }
  });

  it("a claim that every object inherits is none", async () => {
    const { agentId } = await newWorkload(worker, organization, policyFor({ claims: { constructor: "Object" } }));
    expectRefused(await exchange(worker, { token: await cluster.sign(kubernetesClaims("agentidp")), agentId }));
  });
});

describe("POST /oidc/token, the request", () => {
  const someId = "01a20135-569e-763e-9ac5-85790156016c";

  it.each([
    ["no token", { agentId: someId }, "token"],
    ["a token that is no text", { token: ["x"], agentId: someId }, "token"],
    ["no agent", { token: "x" }, "agentId"],
    ["an agent that is no id", { token: "x", agentId: "me" }, "agentId"],
    ["a field that is not known", { token: "x", agentId: someId, scopes: "resume:read" }, "scopes"],
  ])("%s", async (_, body, path) => {
    const answer = await exchange(worker, body as { token: unknown });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: "VALIDATION_ERROR", error: "invalid_request", details: { issues: [{ path }] } },
    });
    expect(JSON.stringify(answer.body)).not.toContain('"received":"x"');
  });
});

describe("the jwt-bearer grant (RFC 7523 2.1)", () => {
  const discover = (clientId: string, authentication: openid.ClientAuth) =>
    openid.discovery(new URL(worker.issuer), clientId, undefined, authentication, {
      execute: [openid.allowInsecureRequests],
    });

  it("is in the discovery documents", async () => {
    const config = await discover("any", openid.None());
    expect(config.serverMetadata().grant_types_supported).toContain(jwtBearer);
  });

  it("openid-client, by client_id alone: scope and resource as with any grant", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const config = await discover(agentId, openid.None());
    const resource = await newResource(worker.issuer, organization, "resumes");
    const tokens = await openid.genericGrantRequest(config, jwtBearer, {
      assertion: await github.sign(claims()),
      scope: "resume:read",
      resource,
    });
    expect(tokens).toMatchObject({ token_type: "bearer", scope: "resume:read" });
    const [, payload = ""] = tokens.access_token.split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
      sub: agentId,
      aud: resource,
    });
  });

  it("POST /oidc/token takes scope and resource too", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const resource = await newResource(worker.issuer, organization, "builds");
    const body = { token: await github.sign(claims()), agentId, scope: "resume:read", resource };
    const answer = await exchange(worker, body);
    expect(answer).toMatchObject({ status: 200, body: { scope: "resume:read" } });
    const [, payload = ""] = answer.body.access_token.split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString()).aud).toBe(resource);
  });

  it("a scope beyond the agent's is refused, and the token is not used up", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const form = { grant_type: jwtBearer, assertion: await github.sign(claims()), client_id: agentId };
    const wide = await send(worker.issuer, "/api/v1/token", { form: { ...form, scope: "admin:orgs" } });
    expect(wide).toMatchObject({ status: 400, body: { error: "invalid_scope" } });
    expect(await send(worker.issuer, "/api/v1/token", { form })).toMatchObject({ status: 200 });
  });

  it("openid brings an id_token", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const config = await discover(agentId, openid.None());
    const tokens = await openid.genericGrantRequest(config, jwtBearer, {
      assertion: await github.sign(claims()),
      scope: "openid",
    });
    expect(tokens.claims()).toMatchObject({ iss: worker.issuer, aud: agentId, sub: agentId });
  });

  it("RFC 7523 3.1: client authentication is not needed, but where it is there it must hold", async () => {
    const client = await newClient(worker.issuer, organization.token);
    const json = { provider: "github", repository: "acme/resumes", branch: "main", agentId: client.agentId };
    await send(worker.issuer, "/api/v1/oidc/trust-policies", { token: organization.token, json });
    const assertion = await github.sign(claims());
    const form = { grant_type: jwtBearer, assertion };
    const wrong = await send(worker.issuer, "/api/v1/token", { basic: { ...client, clientSecret: "wrong" }, form });
    expect(wrong).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    const other = await newClient(worker.issuer, organization.token);
    const foreign = await send(worker.issuer, "/api/v1/token", { basic: other, form });
    expect(foreign).toMatchObject({ status: 401, body: { error: "invalid_grant" } });
    const config = await discover(client.agentId, openid.ClientSecretBasic(client.clientSecret));
    expect(await openid.genericGrantRequest(config, jwtBearer, { assertion })).toMatchObject({ token_type: "bearer" });
  });

  it("without an assertion, with two, and with another client_id", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const form = { grant_type: jwtBearer, client_id: agentId };
    const missing = await send(worker.issuer, "/api/v1/token", { form });
    expect(missing).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    const twice = await fetch(`${worker.issuer}/api/v1/token`, {
      method: "POST",
      body: new URLSearchParams([...Object.entries(form), ["assertion", "a"], ["assertion", "b"]]),
    });
    expect([twice.status, ((await twice.json()) as Body).error]).toEqual([400, "invalid_request"]);
    const assertion = await github.sign(claims());
    for (const client_id of ["nobody", "x".repeat(5000), "\u0000'; DROP TABLE agents"]) {
      const answer = await send(worker.issuer, "/api/v1/token", { form: { ...form, assertion, client_id } });
      expect(answer).toMatchObject({ status: 401, body: { error: "invalid_grant" } });
    }
    const upper = await send(worker.issuer, "/api/v1/token", {
      form: { ...form, assertion, client_id: agentId.toUpperCase() },
    });
    expect(upper.status).toBe(200);
  });
});

describe("DPoP (RFC 9449)", () => {
  it("oauth4webapi binds the token at the token endpoint, and only its key can use it", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const insecure = { [oauth.allowInsecureRequests]: true };
    const url = new URL(worker.issuer);
    const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
    const client: oauth.Client = { client_id: agentId };
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const parameters = { assertion: await github.sign(claims()) };
    const response = await oauth.genericTokenEndpointRequest(as, client, oauth.None(), jwtBearer, parameters, {
      ...insecure,
      DPoP,
    });
    const { access_token, token_type } = await oauth.processGenericTokenEndpointResponse(as, client, response);
    expect(token_type).toBe("dpop");
    const api = new URL(`${worker.issuer}/api/v1/agents`);
    const allowed = await oauth.protectedResourceRequest(access_token, "GET", api, undefined, undefined, {
      ...insecure,
      DPoP,
    });
    expect(allowed.status).toBe(200);
    expect((await callApi(access_token)).status).toBe(401);
  });

  it("so does POST /oidc/token, with a proof for its own address", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwk = await exportJWK(publicKey);
    const prove = (path: string) =>
      new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: `${worker.issuer}${path}` })
        .setIssuedAt()
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
        .sign(privateKey);
    const token = await github.sign(claims());
    const wrong = { headers: { DPoP: await prove("/api/v1/token") } };
    expect(await exchange(worker, { token, agentId }, wrong)).toMatchObject({
      status: 400,
      body: { error: "invalid_dpop_proof" },
    });
    const right = { headers: { DPoP: await prove("/api/v1/oidc/token") } };
    const answer = await exchange(worker, { token, agentId }, right);
    expect(answer).toMatchObject({ status: 200, body: { token_type: "DPoP" } });
    expect((await callApi(answer.body.access_token)).status).toBe(401);
  });
});
