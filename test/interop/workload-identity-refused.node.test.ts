/**
 * Tokens of workloads that must not get in, over real HTTP: each is refused with the same answer, and the audit log of the
 * agent's organization says why.
 */
import { exportJWK, exportSPKI, generateKeyPair, importSPKI, type JWTPayload } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Admin, newOrganization, send, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { githubClaims, pullRequest, type Signing, type StandInIssuer, startIssuer } from "./_stand-in-issuer.ts";
import { exchange, expectRefused, newPolicy, newWorkload, refusals } from "./_workload-client.ts";

let github: StandInIssuer;
let worker: WorkerProcess;
let operator: Admin;
let organization: Admin;

beforeAll(async () => {
  github = await startIssuer();
  worker = await newWorkerProcess({ GITHUB_OIDC_ISSUER: github.issuer });
  await worker.start();
  operator = await setUp(worker.issuer);
});

// An organization for each test: the log has sixty refusals of an organization in a minute, and this file has more.
beforeEach(async () => {
  organization = await newOrganization(worker.issuer, operator);
});

afterAll(async () => {
  await worker?.stop();
  await github?.close();
});

/** Sends a token for a new agent with this policy; answers with what the audit log says of its refusal. */
async function reasonFor(policy: Record<string, unknown>, token: string) {
  const { agentId, policyId } = await newWorkload(worker, organization, policy);
  expectRefused(await exchange(worker, { token, agentId }));
  const events = await refusals(worker, organization, agentId);
  expect(events).toHaveLength(1);
  const [event] = events;
  expect(event).toMatchObject({ outcome: "failure", target: agentId, actor: { agentId: null } });
  const [, payload = token] = token.split(".");
  if (payload.length > 20) expect(JSON.stringify(event)).not.toContain(payload);
  return { ...event.details, isOfPolicy: event.details.policyId === policyId };
}

const now = () => Math.floor(Date.now() / 1000);
const claims = (fields: Record<string, unknown> = {}) => githubClaims(worker.issuer, fields);

describe("GitHub: a policy for a branch", () => {
  it.each([
    ["another repository", { repository: "acme/payroll" }, "repository_mismatch"],
    ["a fork of the same name", { repository: "mallory/resumes", repository_owner: "mallory" }, "repository_mismatch"],
    ["a repository whose name begins alike", { repository: "acme/resumes2" }, "repository_mismatch"],
    ["a repository whose name ends alike", { repository: "not-acme/resumes" }, "repository_mismatch"],
    ["other case", { repository: "Acme/Resumes" }, "repository_mismatch"],
    ["a letter that looks alike", { repository: "асme/resumes" }, "repository_mismatch"],
    ["a space behind", { repository: "acme/resumes " }, "repository_mismatch"],
    ["a list with the repository in it", { repository: ["acme/resumes"] }, "repository_mismatch"],
    ["no repository but in sub", { repository: undefined }, "repository_mismatch"],
    ["another branch", { ref: "refs/heads/next" }, "ref_mismatch"],
    ["a branch that begins alike", { ref: "refs/heads/main2" }, "ref_mismatch"],
    ["a branch in other case", { ref: "refs/heads/Main" }, "ref_mismatch"],
    ["a branch without refs/heads/", { ref: "main" }, "ref_mismatch"],
    ["a tag of the branch's name", { ref: "refs/tags/main", ref_type: "tag" }, "ref_mismatch"],
    ["a tag that calls itself a branch", { ref_type: "tag" }, "ref_mismatch"],
    ["no ref but in sub", { ref: undefined }, "ref_mismatch"],
    ["a pull request", pullRequest(), "pull_request"],
    ["a review of one", pullRequest({ event_name: "pull_request_review" }), "pull_request"],
    ["pull_request_target, whose ref is the branch", { event_name: "pull_request_target" }, "pull_request"],
    ["another event at a pull request's ref", { ref: "refs/pull/7/merge" }, "pull_request"],
    ["no event", { event_name: undefined }, "pull_request"],
  ])("%s", async (_, fields, reason) => {
    const token = await github.sign(claims(fields));
    expect(await reasonFor({ branch: "main" }, token)).toMatchObject({
      reason,
      issuer: github.issuer,
      isOfPolicy: true,
      grant: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    });
  });
});

describe("GitHub: a policy for an environment", () => {
  it.each([
    ["none", {}, "environment_mismatch"],
    ["another one", { environment: "staging" }, "environment_mismatch"],
    ["the right one, named by a pull request", pullRequest({ environment: "production" }), "pull_request"],
    [
      "the right one, named by pull_request_target",
      { environment: "production", event_name: "pull_request_target" },
      "pull_request",
    ],
  ])("%s", async (_, fields, reason) => {
    const token = await github.sign(claims(fields));
    expect(await reasonFor({ environment: "production" }, token)).toMatchObject({ reason, isOfPolicy: true });
  });

  it("and a branch: both must be right", async () => {
    const policy = { branch: "main", environment: "production" };
    const wrongRef = await github.sign(claims({ environment: "production", ref: "refs/heads/next" }));
    expect(await reasonFor(policy, wrongRef)).toMatchObject({ reason: "ref_mismatch", claim: "ref" });
    expect(await reasonFor(policy, await github.sign(claims()))).toMatchObject({ reason: "environment_mismatch" });
  });
});

describe("GitHub: a policy for every run", () => {
  it.each([
    ["a pull request", pullRequest()],
    ["pull_request_target", { event_name: "pull_request_target" }],
  ])("%s, unless it says pullRequests", async (_, fields) => {
    const token = await github.sign(claims(fields));
    expect(await reasonFor({ anyRef: true }, token)).toMatchObject({ reason: "pull_request", isOfPolicy: true });
  });

  it("a run of an enterprise, where the policy names none, or another one", async () => {
    const token = await github.sign(claims({ iss: `${github.issuer}/acme` }));
    expect(await reasonFor({ branch: "main" }, token)).toMatchObject({ reason: "no_policy" });
    expect(await reasonFor({ branch: "main", enterprise: "acme2" }, token)).toMatchObject({ reason: "no_policy" });
  });
});

describe("GitHub: immutable ids", () => {
  it("a repository of the same name that was made later", async () => {
    const token = await github.sign(claims({ repository_id: "901112223" }));
    expect(await reasonFor({ branch: "main", repositoryId: "774218503" }, token)).toMatchObject({
      reason: "repository_mismatch",
      claim: "repository_id",
      received: "901112223",
    });
  });

  it("an owner of the same name, or another owner after a transfer", async () => {
    const token = await github.sign(claims({ repository_owner_id: "12" }));
    for (const ids of [{}, { repositoryId: "774218503" }]) {
      expect(await reasonFor({ branch: "main", repositoryOwnerId: "9919", ...ids }, token)).toMatchObject({
        reason: "repository_owner_mismatch",
        claim: "repository_owner_id",
      });
    }
  });

  it("an id as a number, which GitHub never sends", async () => {
    const token = await github.sign(claims({ repository_id: 774218503 }));
    expect(await reasonFor({ branch: "main", repositoryId: "774218503" }, token)).toMatchObject({
      reason: "repository_mismatch",
    });
  });
});

describe("the token itself", () => {
  it.each<[string, () => JWTPayload, string]>([
    ["for another audience", () => githubClaims("https://other.example.com"), "audience_mismatch"],
    ["for GitHub's default audience", () => githubClaims("https://github.com/acme"), "audience_mismatch"],
    ["for two audiences", () => claims({ aud: [worker.issuer, "https://other.example.com"] }), "audience_mismatch"],
    ["for an audience that only begins alike", () => githubClaims(`${worker.issuer}/`), "audience_mismatch"],
    ["for nobody", () => claims({ aud: undefined }), "audience_mismatch"],
    ["expired", () => claims({ exp: now() - 61 }), "token_expired"],
    ["without an end", () => claims({ exp: undefined }), "token_malformed"],
    ["not valid yet", () => claims({ nbf: now() + 90 }), "token_not_yet_valid"],
    ["from the future", () => claims({ iat: now() + 90 }), "token_not_yet_valid"],
    ["with a time that is no number", () => claims({ iat: "now" }), "token_malformed"],
  ])("%s", async (_, payload, reason) => {
    const claim = { audience_mismatch: "aud", token_expired: "exp" }[reason];
    const named = claim === undefined ? {} : { claim };
    expect(await reasonFor({ branch: "main" }, await github.sign(payload()))).toMatchObject({ reason, ...named });
  });

  it.each<[string, () => Promise<Signing>, string]>([
    ["signed with another key", async () => ({ key: (await generateKeyPair("RS256")).privateKey }), "token_signature"],
    ["of a key that the issuer does not publish", async () => ({ header: { kid: "other" } }), "unknown_key"],
    ["a path for a kid", async () => ({ header: { kid: "../../jwks" } }), "unknown_key"],
    ["a delegation token by its type", async () => ({ header: { typ: "delegation+jwt" } }), "token_malformed"],
    [
      "a client assertion by its type",
      async () => ({ header: { typ: "client-authentication+jwt" } }),
      "token_malformed",
    ],
    [
      "signed with the key that it brings",
      async () => {
        const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
        return { key: privateKey, header: { jwk: await exportJWK(publicKey), jku: "http://127.0.0.1:1/keys" } };
      },
      "token_signature",
    ],
  ])("%s", async (_, signing, reason) => {
    expect(await reasonFor({ branch: "main" }, await github.sign(claims(), await signing()))).toMatchObject({ reason });
  });

  it("the algorithm is the key's: none, and HS256 with the public key as the secret", async () => {
    const keys = await (await fetch(`${github.issuer}/.well-known/jwks`)).json();
    const { publicKey } = await generateKeyPair("RS256", { extractable: true });
    const pem = new TextEncoder().encode(
      await exportSPKI(await importSPKI(await exportSPKI(publicKey), "RS256", { extractable: true })),
    );
    const [{ kid }] = (keys as { keys: [{ kid: string }] }).keys;
    const hmac = await github.sign(claims(), { key: pem, header: { alg: "HS256" } });
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const payload = { iss: github.issuer, ...claims() };
    const none = `${encode({ alg: "none", typ: "JWT", kid })}.${encode(payload)}.`;
    for (const token of [hmac, none]) {
      expect(await reasonFor({ branch: "main" }, token)).toMatchObject({
        ...{ reason: "token_malformed", issuer: github.issuer, header: "alg" },
      });
    }
  });

  it("one character more, or less, anywhere near an end", async () => {
    const token = await github.sign(claims());
    for (const broken of [`${token}A`, token.slice(0, -1), `A${token}`, token.slice(1), `${token}.`, `${token}\n`]) {
      expect(await reasonFor({ branch: "main" }, broken)).toMatchObject({
        reason: expect.stringMatching(/^token_(malformed|signature)$/),
      });
    }
  });

  it("claims of another kind than they should be", async () => {
    const odd = [{ toString: 1 }, [], [["x"]], null, 7, true, "\ud800", "x".repeat(5000)];
    for (const name of ["sub", "aud", "repository", "repository_id", "ref", "event_name", "jti", "nbf"]) {
      for (const value of odd) {
        const token = await github.sign(claims({ repository: "acme/odd", [name]: value }));
        expectRefused(await exchange(worker, { token, agentId: organization.agentId }));
      }
    }
  });

  it("garbage", async () => {
    for (const token of ["x", "a.b.c", "\u0000", "😀", "ey".repeat(20_000)]) {
      expect(await reasonFor({ branch: "main" }, token)).toMatchObject({ reason: "token_malformed", issuer: null });
    }
  });

  it("one of our own access tokens", async () => {
    expect(await reasonFor({ branch: "main" }, organization.token)).toMatchObject({ reason: "no_policy" });
  });
});

describe("the issuer", () => {
  it("one that nobody trusts is not asked for its keys", async () => {
    const stranger = await startIssuer();
    const token = await stranger.sign(claims());
    expect(await reasonFor({ branch: "main" }, token)).toMatchObject({ reason: "no_policy", issuer: stranger.issuer });
    expectRefused(await exchange(worker, { token, agentId: crypto.randomUUID() }));
    expect(stranger.requests).toEqual([]);
    await stranger.close();
  });

  it("one that another agent trusts does not speak for this one", async () => {
    const other = await startIssuer();
    const general = { provider: "oidc", issuer: other.issuer, audience: worker.issuer, claims: { ref_type: "branch" } };
    await newWorkload(worker, organization, general);
    expect(await reasonFor({ branch: "main" }, await other.sign(claims()))).toMatchObject({ reason: "no_policy" });
    expect(other.requests).toEqual([]);
    await other.close();
  });

  it("one signs in the name of another", async () => {
    const other = await startIssuer();
    const token = await other.sign(claims({ iss: github.issuer }));
    expect(await reasonFor({ branch: "main" }, token)).toMatchObject({ reason: "unknown_key" });
    await other.close();
  });

  it("one that does not answer", async () => {
    const gone = await startIssuer();
    const token = await gone.sign(claims());
    await gone.close();
    const general = { provider: "oidc", issuer: gone.issuer, audience: worker.issuer, claims: { ref_type: "branch" } };
    expect(await reasonFor(general, token)).toMatchObject({ reason: "issuer_unreachable" });
  });

  it("GitHub's is trusted by its own kind of policy only, which knows pull requests", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const json = {
      ...{ provider: "oidc", issuer: github.issuer, audience: worker.issuer },
      ...{ claims: { repository: "acme/resumes" }, agentId },
    };
    const answer = await send(worker.issuer, "/api/v1/oidc/trust-policies", { token: organization.token, json });
    expect(answer).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "issuer", message: "is GitHub's; use the provider github" }] } },
    });
  });
});

describe("which agent", () => {
  it("one without a policy, and one that does not exist", async () => {
    const token = await github.sign(claims({ repository: "acme/one" }));
    const { agentId } = await newWorkload(worker, organization, { repository: "acme/one", branch: "main" });
    const other = await newWorkload(worker, organization, { branch: "main" });
    expectRefused(await exchange(worker, { token, agentId: other.agentId }));
    expectRefused(await exchange(worker, { token, agentId: crypto.randomUUID() }));
    expect((await exchange(worker, { token, agentId })).status).toBe(200);
  });

  it("a token that the policies of two agents match signs in as the one that the request names", async () => {
    const policy = { repository: "acme/two", branch: "main" };
    const one = await newWorkload(worker, organization, policy);
    const other = await newWorkload(worker, await newOrganization(worker.issuer, operator), policy);
    for (const { agentId } of [one, other]) {
      const token = await github.sign(claims({ repository: "acme/two" }));
      const nameless = await exchange(worker, { token });
      expect(nameless).toMatchObject({ status: 400, body: { error: "invalid_request" } });
      const { status, body } = await exchange(worker, { token, agentId });
      expect(status).toBe(200);
      const [, payload = ""] = body.access_token.split(".");
      expect(JSON.parse(Buffer.from(payload, "base64url").toString()).sub).toBe(agentId);
    }
  });

  it("an agent that does not exist: no log has it", async () => {
    const stranger = await newOrganization(worker.issuer, operator);
    await newWorkload(worker, stranger, { repository: "acme/four", branch: "main" });
    const token = await github.sign(claims({ repository: "acme/four" }));
    const agentId = crypto.randomUUID();
    expectRefused(await exchange(worker, { token, agentId }));
    for (const admin of [operator, stranger]) {
      expect((await refusals(worker, admin)).filter(({ target }) => target === agentId)).toEqual([]);
    }
  });
});

describe("taken back", () => {
  it.each([
    ["suspended", "PATCH", { status: "suspended" }, "agent_suspended"],
    ["decommissioned", "DELETE", undefined, "agent_decommissioned"],
  ])("the agent is %s", async (_, method, json, reason) => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const call = { token: organization.token, method, ...(json ? { json } : {}) };
    expect((await send(worker.issuer, `/api/v1/agents/${agentId}`, call)).status).toBeLessThan(300);
    expectRefused(await exchange(worker, { token: await github.sign(claims()), agentId }));
    const [event] = await refusals(worker, organization, agentId);
    expect(event.details.reason).toBe(reason);
  });

  it("the organization is suspended", async () => {
    const tenant = await newOrganization(worker.issuer, operator);
    const { agentId } = await newWorkload(worker, tenant, { branch: "main" });
    const path = `/api/v1/organizations/${tenant.organizationId}`;
    const suspended = await send(worker.issuer, path, {
      ...{ token: operator.token, method: "PATCH" },
      json: { status: "suspended" },
    });
    expect(suspended.status).toBe(200);
    expectRefused(await exchange(worker, { token: await github.sign(claims()), agentId }));
  });

  it("the policy is deleted, and another one that does not fit stays", async () => {
    const { agentId, policyId } = await newWorkload(worker, organization, { branch: "main" });
    await newPolicy(worker, organization, agentId, { branch: "next" });
    const path = `/api/v1/oidc/trust-policies/${policyId}`;
    expect((await send(worker.issuer, path, { token: organization.token, method: "DELETE" })).status).toBe(204);
    expectRefused(await exchange(worker, { token: await github.sign(claims()), agentId }));
    const [event] = await refusals(worker, organization, agentId);
    expect(event.details).toMatchObject({ reason: "ref_mismatch" });
  });
});

describe("a flood", () => {
  it("of made-up tokens is written out ten times and then throttled; the workload itself still gets in", async () => {
    const { agentId } = await newWorkload(worker, organization, { branch: "main" });
    const headers = { "CF-Connecting-IP": "203.0.113.77" };
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => exchange(worker, { token: "x.y.z", agentId }, { headers })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(answers.find(({ status }) => status === 429)?.body.error).toBe("temporarily_unavailable");
    expect((await refusals(worker, organization, agentId)).length).toBeLessThanOrEqual(10);
    expect((await exchange(worker, { token: await github.sign(claims()), agentId })).status).toBe(200);
  });
});
