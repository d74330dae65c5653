/**
 * Attack: GitHub token of a fork, pull request, renamed repository, look-alike `owner/name`, other audience, other branch,
 * replay: refused. Starting from the token that is right, each thing that a policy or the protocol relies on is changed in every
 * way that a careless comparison would overlook. With reasons, over real HTTP: test/interop/workload-identity-refused.node.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Issuer, newIssuer, newKey, serveIssuers } from "../identity/federation/_support.ts";
import { githubPolicy, newPolicy, oidcPolicy } from "../identity/workloads/_policies.ts";
import { type Answer, type Body, call, issuer, newAgent, newOrganization, type Organization } from "../support/api.ts";
import { newSource, workloadGrant } from "./_presentable.ts";

let tenant: Organization;
let github: Issuer;
let gitlab: Issuer;
/** Known by name; by its immutable ids, which decide where a policy has them; and by another issuer. */
let byName: Body;
let byIds: Body;
let general: Body;

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A push to the branch, deployed to the environment: everything that the policy of this file demands. */
const right = (): Record<string, unknown> => ({
  jti: crypto.randomUUID(),
  sub: "repo:acme/resumes:environment:production",
  aud: issuer,
  ref: "refs/heads/main",
  ref_type: "branch",
  repository: "acme/resumes",
  repository_id: "774218503",
  repository_owner: "acme",
  repository_owner_id: "9919",
  environment: "production",
  event_name: "push",
  head_ref: "",
  base_ref: "",
  iat: nowSeconds(),
  nbf: nowSeconds(),
  exp: nowSeconds() + 300,
  // What the stand-in would add for partners.
  scope: undefined,
  client_id: undefined,
  organization_id: undefined,
});

const rightGeneral = (): Record<string, unknown> => ({
  ...right(),
  aud: "https://gitlab.example.com",
  project_path: "acme/resumes",
  protected: "true",
  count: 7,
});

beforeAll(async () => {
  tenant = await newOrganization();
  serveIssuers();
  github = await newIssuer("https://token.actions.githubusercontent.com");
  gitlab = await newIssuer();
  [byName, byIds, general] = [await newAgent(tenant.token), await newAgent(tenant.token), await newAgent(tenant.token)];
  const ids = { repositoryId: "774218503", repositoryOwnerId: "9919" };
  await newPolicy(tenant.token, githubPolicy(byName.agentId, { environment: "production" }));
  await newPolicy(tenant.token, githubPolicy(byIds.agentId, { environment: "production", ...ids }));
  const policy = { issuer: gitlab.issuer, audience: "https://gitlab.example.com" };
  const claims = { project_path: "acme/resumes", protected: "true", count: 7 };
  await newPolicy(tenant.token, oidcPolicy(general.agentId, { ...policy, claims }));
});
afterAll(() => vi.restoreAllMocks());

const present = (token: string, agentId?: string): Promise<Answer> =>
  call("/api/v1/token", {
    form: { grant_type: workloadGrant, assertion: token, ...(agentId ? { client_id: agentId } : {}) },
    headers: { "CF-Connecting-IP": newSource() },
  });

const sign = (claims: Record<string, unknown>, by = github) => by.sign(claims, { typ: "JWT" });

describe("a workload's token is used up only by a token that was issued", () => {
  const exchange = async (fields: Record<string, unknown>) => {
    const headers = { "CF-Connecting-IP": newSource() };
    const { status, body } = await call("/api/v1/oidc/token", { json: { agentId: byIds.agentId, ...fields }, headers });
    return [status, body.error];
  };

  it.each([
    ["invalid_scope", { scope: "admin:orgs" }],
    ["invalid_target", { resource: "https://unknown.example.com" }],
  ])("%s uses nothing up; the token that is issued then does", async (error, fields) => {
    const token = await sign(right());
    expect(await exchange({ token, ...fields })).toEqual([400, error]);
    expect(await exchange({ token })).toEqual([200, undefined]);
    expect(await exchange({ token })).toEqual([401, "invalid_grant"]);
    expect(await exchange({ token, ...fields })).toEqual([401, "invalid_grant"]);
  });

  it("attack: of twenty at once, half of them for too wide a scope, one gets a token", async () => {
    const token = await sign(right());
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => exchange({ token, ...(n % 2 ? { scope: "admin:orgs" } : {}) })),
    );
    expect(answers.filter(([status]) => status === 200)).toHaveLength(1);
  });
});

function expectRefused({ status, body }: Answer): void {
  const { requestId: _, ...told } = body;
  expect([status, told]).toEqual([
    401,
    {
      code: "UNAUTHORIZED",
      message: "The assertion is not accepted.",
      error: "invalid_grant",
      error_description: "The assertion is not accepted.",
      docs: `${issuer}/errors#UNAUTHORIZED`,
      hint: "The audit log of the agent's organization has the reason: `GET /api/v1/audit?action=token.refused`.",
    },
  ]);
}

/** What a text must not be taken for. */
const lookAlikes = (text: string): unknown[] => [
  undefined,
  null,
  "",
  true,
  0,
  [],
  {},
  [text],
  [[text]],
  [text, "other"],
  { toString: text },
  { 0: text, length: 1 },
  text.toUpperCase(),
  `${text[0]?.toUpperCase()}${text.slice(1)}`,
  text.replace("a", "а"),
  text.replace("e", "е"),
  text.replace("o", "ο"),
  `${text} `,
  ` ${text}`,
  `${text}\n`,
  `${text}\u0000`,
  `${text}\u200b`,
  `${text}/`,
  `${text}.`,
  `${text}2`,
  `x${text}`,
  `not-${text}`,
  text.slice(0, -1),
  text.slice(1),
  `${text},${text}`,
  `${text}|other`,
  "*",
  "%",
  ".*",
  text.replace(/.$/, "*"),
  text.replace(/.$/, "?"),
  encodeURIComponent(text).replace(/\w$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
  text.normalize("NFKD").replace("r", "ｒ"),
];

/** Those that are another value than the right one, whatever the text is. */
const others = (text: string) => lookAlikes(text).filter((value) => value !== text);
/** As rows of a table, in which a list would be a row. */
const rows = (values: readonly unknown[]) => values.map((value) => [value]);

describe("a GitHub token that is right", () => {
  it("is let in, once", async () => {
    for (const { agentId } of [byName, byIds]) {
      const token = await sign(right());
      expect((await present(token, agentId)).status).toBe(200);
      for (const asked of [byName.agentId, byIds.agentId]) expectRefused(await present(token, asked));
    }
  });

  it("is let in nowhere without the client_id of an agent, which is required", async () => {
    const { status, body } = await present(await sign(right()));
    expect([status, body.error]).toEqual([400, "invalid_request"]);
  });

  describe.each<[string, string, () => Body]>([
    ["ref", "by name", () => byName],
    ["repository", "by name", () => byName],
    ["environment", "by name", () => byName],
    ["ref", "by its ids", () => byIds],
    ["repository_id", "by its ids", () => byIds],
    ["repository_owner_id", "by its ids", () => byIds],
    ["environment", "by its ids", () => byIds],
  ])("but for its %s, known %s", (claim, _, agent) => {
    // GitHub does not distinguish environments by case.
    const isSame = (value: unknown) =>
      claim === "environment" && typeof value === "string" && value.toLowerCase() === right()[claim];
    it.each(rows(others(String(right()[claim])).filter((value) => !isSame(value))))("%j", async (value) => {
      expectRefused(await present(await sign({ ...right(), [claim]: value }), agent().agentId));
    });
  });

  it.each([
    [
      "of a fork",
      { repository: "mallory/resumes", repository_id: "1", repository_owner: "mallory", repository_owner_id: "2" },
    ],
    ["of a fork that calls itself the same", { repository_id: "1" }],
    ["of a repository of that name, made after it was renamed", { repository_id: "901112223" }],
    ["of an owner who took the name", { repository_owner_id: "12" }],
    ["of the repository under its new name", { repository: "acme/hiring" }],
    ["of a look-alike with another slash", { repository: "acme∕resumes" }],
    ["of a path inside it", { repository: "acme/resumes/../payroll" }],
    [
      "of a pull request",
      { event_name: "pull_request", ref: "refs/pull/7/merge", head_ref: "patch-1", base_ref: "main" },
    ],
    ["of a pull request that says the branch", { event_name: "pull_request" }],
    ["of pull_request_target", { event_name: "pull_request_target" }],
    ["of a review", { event_name: "pull_request_review" }],
    ["of a merge queue's pull request", { ref: "refs/pull/7/head" }],
    ["of a pull request by another event's name", { head_ref: "patch-1" }],
    ["of one that names only where it goes", { base_ref: "main" }],
    ["of a tag named as the branch", { ref: "refs/tags/main", ref_type: "tag" }],
    ["of another branch", { ref: "refs/heads/next" }],
    ["of a branch below it", { ref: "refs/heads/main/x" }],
    ["with everything right in sub alone", { repository: undefined, ref: undefined, environment: undefined }],
  ])("but %s", async (_, claims) => {
    // Who goes by ids is told of a fork by its ids, and follows a repository to its new name.
    const isOfName = "repository" in claims && !("repository_id" in claims) && !("ref" in claims);
    const isOfIds = !("repository" in claims) && ("repository_id" in claims || "repository_owner_id" in claims);
    for (const { agentId } of isOfName ? [byName] : isOfIds ? [byIds] : [byName, byIds]) {
      expectRefused(await present(await sign({ ...right(), ...claims }), agentId));
    }
  });

  it("of a renamed repository is let in by its ids alone", async () => {
    const renamed = () => ({ ...right(), repository: "acme/hiring" });
    expectRefused(await present(await sign(renamed()), byName.agentId));
    expect((await present(await sign(renamed()), byIds.agentId)).status).toBe(200);
  });

  const audiences = [
    ...others(issuer),
    "https://github.com/acme",
    "sts.amazonaws.com",
    "api://AzureADTokenExchange",
    ["https://idp.example.com"],
    `${issuer}/api/v1/token`,
  ].filter((aud) => !(Array.isArray(aud) && aud.includes(issuer)));

  it.each(rows(audiences))("but for the audience %j", async (aud) => {
    expectRefused(await present(await sign({ ...right(), aud }), byName.agentId));
  });

  it.each([
    ["expired", { exp: nowSeconds() - 61 }],
    ["expired long ago", { iat: 1, nbf: 1, exp: 2 }],
    ["without an end", { exp: undefined }],
    ["with an end that is a text", { exp: "9999999999" }],
    ["not yet valid", { nbf: nowSeconds() + 120 }],
    ["issued in the future", { iat: nowSeconds() + 120 }],
    ["with a time that is none", { iat: "now" }],
  ])("but %s", async (_, claims) => {
    expectRefused(await present(await sign({ ...right(), ...claims }), byName.agentId));
  });

  it.each([
    ["another issuer's key", () => gitlab.sign({ ...right(), iss: github.issuer }, { typ: "JWT" })],
    ["another issuer in its name", () => sign({ ...right(), iss: gitlab.issuer })],
    ["an enterprise's issuer that begins alike", () => sign({ ...right(), iss: `${github.issuer}/acme` })],
    ["an issuer with a slash", () => sign({ ...right(), iss: `${github.issuer}/` })],
    ["an issuer in capitals", () => sign({ ...right(), iss: github.issuer.toUpperCase() })],
    ["no issuer", () => sign({ ...right(), iss: undefined })],
    ["a list of issuers", () => sign({ ...right(), iss: [github.issuer] })],
    ["the type of a delegation", () => github.sign(right(), { typ: "delegation+jwt" })],
    [
      "the key that its header brings",
      async () => {
        const attacker = await newKey("k1");
        return github.sign(right(), { typ: "JWT", jwk: attacker.jwk, jku: "https://evil.example/keys" }, attacker);
      },
    ],
  ])("but for %s", async (_, token) => {
    expectRefused(await present(await token(), byName.agentId));
  });
});

describe("a token of any issuer that is right", () => {
  it("is let in, once", async () => {
    const token = await sign(rightGeneral(), gitlab);
    expect((await present(token, general.agentId)).status).toBe(200);
    expectRefused(await present(token, general.agentId));
  });

  describe.each(["project_path", "protected"])("but for its %s", (claim) => {
    it.each(rows(others(String(rightGeneral()[claim]))))("%j", async (value) => {
      expectRefused(await present(await sign({ ...rightGeneral(), [claim]: value }, gitlab), general.agentId));
    });
  });

  it.each(rows(["7", 7.5, 8, -7, "7.0", [7], { value: 7 }, true, null, undefined]))(
    "but for its number %j",
    async (count) => {
      expectRefused(await present(await sign({ ...rightGeneral(), count }, gitlab), general.agentId));
    },
  );

  const audience = "https://gitlab.example.com";
  it.each(rows(others(audience).filter((aud) => !(Array.isArray(aud) && aud.includes(audience)))))(
    "but for the audience %j",
    async (aud) => {
      expectRefused(await present(await sign({ ...rightGeneral(), aud }, gitlab), general.agentId));
    },
  );

  it("but for the agent that it asks for", async () => {
    for (const agentId of [
      byName.agentId,
      tenant.agentId,
      crypto.randomUUID(),
      "",
      "%",
      general.agentId.slice(0, -1),
    ]) {
      if (agentId) expectRefused(await present(await sign(rightGeneral(), gitlab), agentId));
    }
  });
});
