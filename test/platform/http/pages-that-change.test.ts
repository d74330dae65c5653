/** Every list that is read by a cursor, while rows are added and removed: no row twice, and each that stays once. */
import { beforeAll, expect, it } from "vitest";
import { githubPolicy, policiesPath } from "../../identity/workloads/_policies.ts";
import {
  agentFields,
  type Body,
  call,
  newAgent,
  newOrganization,
  type Organization,
  unique,
} from "../../support/api.ts";

let organization: Organization;
let agentId: string;

beforeAll(async () => {
  organization = await newOrganization();
  ({ agentId } = await newAgent(organization.token));
});

interface List {
  readonly path: () => string;
  /** The body of a new row. */
  readonly row: () => unknown;
  readonly idOf: (row: Body) => string;
  /** Whether a deleted row leaves the list. */
  readonly leaves: boolean;
}

const lists: readonly (readonly [string, List])[] = [
  ["agents", { path: () => "/api/v1/agents", row: agentFields, idOf: (row) => row.agentId, leaves: false }],
  [
    "credentials",
    {
      path: () => `/api/v1/agents/${agentId}/credentials`,
      row: () => ({}),
      idOf: (row) => row.credentialId,
      leaves: false,
    },
  ],
  [
    "resources",
    {
      path: () => "/api/v1/resources",
      row: () => ({ identifier: `urn:agentidp:${organization.slug}:${unique("api")}`, name: "An API" }),
      idOf: (row) => row.resourceId,
      leaves: true,
    },
  ],
  [
    "webhooks",
    {
      path: () => "/api/v1/webhooks",
      row: () => ({ name: unique("hook"), url: "https://hooks.example.com/in", events: ["agent.created"] }),
      idOf: (row) => row.id,
      leaves: true,
    },
  ],
  [
    "trust policies",
    {
      path: () => policiesPath,
      row: () => githubPolicy(agentId, { repository: `acme/${unique("repository")}` }),
      idOf: (row) => row.policyId ?? row.id,
      leaves: true,
    },
  ],
  [
    "domains",
    {
      path: () => `/api/v1/organizations/${organization.organizationId}/domains`,
      row: () => ({ domain: `${unique("domain")}.example.com` }),
      idOf: (row) => row.domain,
      leaves: true,
    },
  ],
];

it.each(lists)("%s", async (_, { path, row, idOf, leaves }) => {
  const { token } = organization;
  const add = async () => {
    const answer = await call(path(), { token, json: row() });
    expect(answer.status, answer.text).toBe(201);
    return idOf(answer.body);
  };
  const remove = async (id: string | undefined) => {
    const answer = await call(`${path()}/${id}`, { token, method: "DELETE" });
    expect(answer.status, answer.text).toBe(204);
  };
  const rows: string[] = [];
  for (let n = 0; n < 7; n++) rows.unshift(await add());
  const seen: string[] = [];
  for (let cursor = ""; ; ) {
    const answer = await call(`${path()}?limit=2${cursor}`, { token });
    expect(answer.status, answer.text).toBe(200);
    seen.push(...answer.body.data.map(idOf));
    if (answer.body.nextCursor === null) break;
    cursor = `&cursor=${answer.body.nextCursor}`;
    if (seen.length > 2) continue;
    // The last row of this page, which the cursor is made of; the first of the next one; and new ones before both.
    await remove(rows[1]);
    await remove(rows[2]);
    await add();
    await add();
  }
  const expected = rows.filter((id) => !leaves || id !== rows[2]);
  expect(seen.filter((id) => rows.includes(id))).toStrictEqual(expected);
  expect(new Set(seen).size).toBe(seen.length);
});
