/** Two writers of one record: `ETag`, `If-Match` and `If-None-Match` (RFC 9110 13) on every kind of record that has them. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  adminToken,
  agentFields,
  type Body,
  call,
  newAgent,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
  unique,
} from "../../support/api.ts";

const tagForm = /^"[0-9a-f]{64}"$/;

interface Kind {
  /** Where one is created. */
  readonly collection: string;
  readonly fields: () => unknown;
  readonly pathOf: (body: Body) => string;
  /** Two changes of different fields; none for a record that never changes. */
  readonly changes: readonly Body[];
  /** What a second deletion answers. */
  readonly deletedAgain: number;
}

let organization: Organization;
let operatorToken: string;
let agentId: string;
/** Of the same organization, without the scopes of the routes. */
let narrowToken: string;
let foreignToken: string;

beforeAll(async () => {
  operatorToken = await adminToken(await theOperator());
  organization = await newOrganization();
  agentId = (await newAgent(organization.token)).agentId;
  narrowToken = await tokenFor(organization, { scope: "tokens:read" });
  foreignToken = (await newOrganization()).token;
});

const kinds: Record<string, Kind> = {
  agent: {
    collection: "/api/v1/agents",
    fields: agentFields,
    pathOf: (body) => `/api/v1/agents/${body.agentId}`,
    changes: [{ owner: "other-team" }, { version: "2.0.0" }],
    deletedAgain: 409,
  },
  organization: {
    collection: "/api/v1/organizations",
    fields: () => ({ name: "Acme", slug: unique("acme"), adminEmail: "admin@acme.example" }),
    pathOf: (body) => `/api/v1/organizations/${body.organizationId}`,
    changes: [{ name: "Acme Limited" }, { planTier: "pro" }],
    deletedAgain: 404,
  },
  webhook: {
    collection: "/api/v1/webhooks",
    fields: () => ({ name: "Hook", url: "https://hooks.example.com/in", events: ["delegation.created"] }),
    pathOf: (body) => `/api/v1/webhooks/${body.id}`,
    changes: [{ name: "Other" }, { active: false }],
    deletedAgain: 404,
  },
  resource: {
    collection: "/api/v1/resources",
    fields: () => ({ identifier: `urn:agentidp:${organization.slug}:${unique("api")}`, name: "An API" }),
    pathOf: (body) => `/api/v1/resources/${body.resourceId}`,
    changes: [{ name: "Other" }, { status: "disabled" }],
    deletedAgain: 404,
  },
  partner: {
    collection: "/api/v1/federation/trust",
    fields: () => ({ name: "Partner", issuer: `https://${unique("idp")}.acme.example` }),
    pathOf: (body) => `/api/v1/federation/partners/${body.partnerId}`,
    changes: [{ name: "Other" }, { status: "suspended" }],
    deletedAgain: 404,
  },
  policy: {
    collection: "/api/v1/oidc/trust-policies",
    fields: () => ({ provider: "github", repository: `acme/${unique("repo")}`, branch: "main", agentId }),
    pathOf: (body) => `/api/v1/oidc/trust-policies/${body.policyId}`,
    changes: [],
    deletedAgain: 404,
  },
};

const tokenOf = ({ collection }: Kind) => (collection.endsWith("/organizations") ? operatorToken : organization.token);

/** A new record: its path, its tag, and requests to it. */
async function create(kind: Kind) {
  const token = tokenOf(kind);
  const answer = await call(kind.collection, { token, json: kind.fields() });
  expect(answer.status, answer.text).toBe(201);
  const path = kind.pathOf(answer.body);
  const ask = (method: string, headers: Record<string, string>, json?: unknown, by = token) =>
    call(path, { method, token: by, headers, ...(json === undefined ? {} : { json }) });
  const tagNow = async () => (await ask("GET", {})).headers.get("ETag");
  return { tag: answer.headers.get("ETag")!, ask, tagNow };
}

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  it("RFC 9110 8.8.3: the answer of the creation and every read have the same strong tag", async () => {
    const { tag, ask } = await create(kind);
    expect(tag).toMatch(tagForm);
    const [first, second] = [await ask("GET", {}), await ask("GET", {})];
    expect([first.headers.get("ETag"), second.headers.get("ETag")]).toEqual([tag, tag]);
    expect(second.text).toBe(first.text);
  });

  it("RFC 9110 13.1.2: a read with If-None-Match is 304 without a body for the tag, weak or in a list", async () => {
    const { tag, ask } = await create(kind);
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
      const answer = await ask("GET", { "If-None-Match": known });
      expect([answer.status, answer.text, answer.headers.get("ETag")], known).toEqual([304, "", tag]);
    }
    for (const other of ['"x"', tag.slice(1, -1)]) {
      expect((await ask("GET", { "If-None-Match": other })).status, other).toBe(200);
    }
    expect((await ask("HEAD", { "If-None-Match": tag })).status).toBe(304);
    // If-Match comes first (RFC 9110 13.2.2).
    expect((await ask("GET", { "If-Match": '"x"', "If-None-Match": tag })).status).toBe(412);
    expect((await ask("GET", { "If-Match": tag, "If-None-Match": '"x"' })).status).toBe(200);
  });

  it("RFC 9110 13.1.1: a deletion with another tag in If-Match is 412 and deletes nothing", async () => {
    const { tag, ask, tagNow } = await create(kind);
    expect((await ask("DELETE", { "If-Match": '"x"' })).status).toBe(412);
    expect((await ask("DELETE", { "If-None-Match": "*" })).status).toBe(412);
    for (const name of ["If-Match", "If-None-Match"]) {
      for (const malformed of [",", tag.slice(1)]) {
        const { status, body } = await ask("DELETE", { [name]: malformed });
        expect([status, body.details.issues[0].path], `${name}: ${malformed}`).toEqual([400, name]);
      }
    }
    expect(await tagNow()).toBe(tag);
    expect((await ask("DELETE", { "If-Match": tag })).status).toBe(204);
    expect((await ask("DELETE", { "If-Match": '"x"' })).status).toBe(kind.deletedAgain);
  });

  it("RFC 9110 13.2.1: preconditions are not evaluated for a caller without the scope, or for a record of others", async () => {
    const { tag, ask } = await create(kind);
    expect((await ask("DELETE", { "If-Match": '"x"' }, undefined, narrowToken)).status).toBe(403);
    expect((await ask("DELETE", { "If-Match": '"x"' }, undefined, foreignToken)).status).toBe(404);
    expect((await ask("GET", { "If-None-Match": tag }, undefined, narrowToken)).status).toBe(403);
  });
});

const changeable = Object.entries(kinds).filter(([, { changes }]) => changes.length > 0);

describe.each(changeable)("%s", (_, kind) => {
  it("RFC 9110 13.1.1: a change with another tag in If-Match is 412 and changes nothing", async () => {
    const { tag, ask, tagNow } = await create(kind);
    const [json, other] = kind.changes;
    for (const unmet of [{ "If-Match": '"x"' }, { "If-Match": `W/${tag}` }, { "If-None-Match": tag }]) {
      const refused = await ask("PATCH", unmet, json);
      expect([refused.status, refused.body.code], JSON.stringify(unmet)).toEqual([412, "PRECONDITION_FAILED"]);
    }
    for (const [name, value] of [
      ["If-Match", tag.slice(1, -1)],
      ["If-Match", ","],
      ["If-None-Match", tag.slice(1, -1)],
    ] as const) {
      const malformed = await ask("PATCH", { [name]: value }, json);
      expect([malformed.status, malformed.body.details.issues[0].path], value).toEqual([400, name]);
    }
    expect(await tagNow()).toBe(tag);

    const changed = await ask("PATCH", { "If-Match": `"x", ${tag}` }, json);
    expect(changed.status, changed.text).toBe(200);
    const next = changed.headers.get("ETag")!;
    expect(next).toMatch(tagForm);
    expect(next).not.toBe(tag);
    expect(await tagNow()).toBe(next);
    // Also for a change of nothing, and of a field that the other writer left alone.
    expect((await ask("PATCH", { "If-Match": tag }, json)).status).toBe(412);
    expect((await ask("PATCH", { "If-Match": tag }, other)).status).toBe(412);
    expect((await ask("PATCH", { "If-Match": next }, json)).headers.get("ETag")).toBe(next);
    expect((await ask("PATCH", { "If-Match": "*" }, other)).status).toBe(200);
  });

  it("of writers with one tag at once exactly one writes; without a tag all do", async () => {
    const { tag, ask } = await create(kind);
    const [first, second] = kind.changes;
    const writers = [
      ask("PATCH", { "If-Match": tag }, first),
      ask("PATCH", { "If-Match": tag }, second),
      ask("PATCH", { "If-Match": tag }, first),
      ask("DELETE", { "If-Match": tag }),
    ];
    const statuses = (await Promise.all(writers)).map(({ status }) => status);
    // A write after the deletion finds nothing, and evaluates nothing.
    expect(
      statuses.filter((status) => status < 300),
      String(statuses),
    ).toHaveLength(1);
    expect(statuses.every((status) => [200, 204, 412, kind.deletedAgain].includes(status))).toBe(true);

    const merged = await create(kind);
    const answers = await Promise.all([merged.ask("PATCH", {}, first), merged.ask("PATCH", {}, second)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await merged.ask("GET", {})).body).toMatchObject({ ...first, ...second });
  });
});

describe("an agent's tag", () => {
  it("changes with its status, its key and its role", async () => {
    const { ask, tagNow } = await create(kinds.agent!);
    const { body } = await ask("GET", {});
    const { token, organizationId } = organization;
    const setRole = async (role: string) => {
      const json = { agentId: body.agentId, role };
      expect((await call(`/api/v1/organizations/${organizationId}/members`, { token, json })).status).toBe(201);
    };
    const tags = [await tagNow()];
    const step = async (change: Promise<unknown>) => {
      await change;
      tags.push(await tagNow());
    };
    await step(ask("PATCH", {}, { status: "suspended" }));
    await step(ask("PATCH", {}, { status: "active" }));
    await step(ask("PATCH", {}, { publicKeyJwk: null }));
    await step(setRole("admin"));
    await step(ask("PATCH", {}, { grantedScopes: ["admin:orgs"] }));
    await step(setRole("member"));
    expect(new Set(tags).size).toBe(7);
    expect((await ask("PATCH", { "If-Match": tags.at(-2)! }, { owner: "x" })).status).toBe(412);
    expect((await ask("GET", {})).body.grantedScopes).toEqual([]);
  });

  it("twenty writers that each add a capability, and read again after a 412, lose none", async () => {
    const { ask } = await create(kinds.agent!);
    const names = Array.from({ length: 20 }, (_, index) => `resume:step_${String.fromCharCode(97 + index)}`);
    const add = async (name: string) => {
      for (let round = 0; round < 60; round++) {
        const { body, headers } = await ask("GET", {});
        const json = { capabilities: [...body.capabilities, name] };
        const { status } = await ask("PATCH", { "If-Match": headers.get("ETag")! }, json);
        if (status === 200) return;
        expect(status).toBe(412);
      }
      expect.unreachable(name);
    };
    await Promise.all(names.map(add));
    const { capabilities } = (await ask("GET", {})).body;
    expect(capabilities.toSorted()).toEqual(["resume:read", ...names]);
  });
});

describe("a webhook's tag", () => {
  it("is that of the record, without the secret that its creation answers with", async () => {
    const { tag, ask } = await create(kinds.webhook!);
    const rotated = await call(`${kinds.webhook!.pathOf((await ask("GET", {})).body)}/rotate-secret`, {
      method: "POST",
      token: organization.token,
    });
    expect(rotated.status).toBe(200);
    expect((await ask("PATCH", { "If-Match": tag }, { name: "Other" })).status).toBe(412);
  });
});

describe("the OpenAPI document", () => {
  it("names the headers, 304 and 412 where there are tags, and nowhere else", async () => {
    const { body } = await call("/openapi.json");
    const operations = Object.entries<Body>(body.paths).flatMap(([path, item]) =>
      Object.entries<Body>(item).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    const parametersOf = ({ operation }: { operation: Body }) =>
      (operation.parameters ?? []).filter((one: Body) => one.in === "header").map((one: Body) => one.name);
    const evaluating = operations.filter((one) => parametersOf(one).includes("If-Match"));
    const paths = ["agents/{agentId}", "federation/partners/{partnerId}", "organizations/{orgId}"];
    const changeable = [...paths, "resources/{resourceId}", "webhooks/{webhookId}"].flatMap((path) =>
      ["get", "patch", "delete"].map((method) => `${method} /api/v1/${path}`),
    );
    const policies = ["get", "delete"].map((method) => `${method} /api/v1/oidc/trust-policies/{policyId}`);
    const others = ["post /api/v1/agents/{agentId}/erase", "get /api/v1/sdk/scaffold/{agentId}"];
    expect(evaluating.map(({ name }) => name).sort()).toEqual([...changeable, ...policies, ...others].sort());
    for (const { name, operation } of evaluating) {
      expect(parametersOf({ operation }), name).toEqual(["If-Match", "If-None-Match"]);
      const { responses } = operation;
      expect(responses[412], name).toEqual({ $ref: "#/components/responses/PreconditionFailed" });
      if (responses[200]) expect(Object.keys(responses[200].headers), name).toEqual(["ETag"]);
      expect(responses[304] !== undefined, name).toBe(name.startsWith("get "));
    }
    expect(operations.filter(({ operation }) => operation.responses[412])).toHaveLength(evaluating.length);
    const created = operations.filter(({ operation }) => operation.responses[201]?.headers?.ETag);
    expect(created.map(({ name }) => name).sort()).toEqual(
      ["agents", "federation/trust", "oidc/trust-policies", "organizations", "resources", "webhooks"].map(
        (path) => `post /api/v1/${path}`,
      ),
    );
  });
});
