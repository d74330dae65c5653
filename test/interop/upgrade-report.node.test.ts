/** `npm run upgrade:report`, as docs/upgrade.md says: an export by Wrangler of a database of 0.1.0, the report, and its SQL. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quietEnvironment, root, wranglerCommand } from "../../scripts/wrangler.ts";

const execute = promisify(execFile);

const config = `name = "agentidp"
compatibility_date = "2026-01-01"
[[d1_databases]]
binding = "DB"
database_name = "agentidp"
database_id = "00000000-0000-4000-8000-000000000000"
`;

const agent = (id: string, slug: string, capabilities: string, scopes: string, rest = "NULL, 0, 'active'") =>
  `('${id}', 'o-${slug}', '${id}@${slug}.example', 'custom', '1', '${capabilities}', 'it''s; a team', 'production', '${scopes}', ${rest}, 1, 1)`;

let sequence = 0;
const event = (action: string, agentId: string, details: object, day = "2026-10-02") => {
  const timestamp = Date.parse(`${day}T12:00:00Z`);
  return `('o', ${++sequence}, 'e-${sequence}', '${agentId}', '${action}', 'success', '{}', NULL, '${JSON.stringify(details)}', ${timestamp}, '', '')`;
};
const issued = (agentId: string, scope: string, audience: readonly string[], day?: string) =>
  event("token.issued", agentId, { grant: "client_credentials", scope, audience }, day);

const idp = "https://idp.example.com";
const resumes = "https://resumes.example.com/api";

const rows = `INSERT INTO organizations (id, name, slug, plan_tier, status, created_at, updated_at) VALUES
  ('o-acme', 'Acme; it''s
of two lines;', 'acme', 'pro', 'active', 1, 1),
  ('o-beta', 'Beta', 'beta', 'pro', 'active', 1, 1);
INSERT INTO agents (id, organization_id, email, agent_type, version, capabilities, owner, deployment_env, granted_scopes,
  role, is_public, status, created_at, updated_at) VALUES
  ${[
    agent("admin", "acme", "[]", '["agents:read","admin:orgs"]', "'admin', 0, 'active'"),
    agent("gone", "acme", '["resume:read"]', '["admin:orgs"]', "NULL, 0, 'decommissioned'"),
    agent("lender", "acme", '["resume:read","tasks:run"]', '["agents:read","admin:orgs"]'),
    agent("screener", "acme", '["resume:read","resume:score"]', '["agents:read"]'),
    agent("guest", "beta", '["resume:read"]', '["agents:read"]', "NULL, 0, 'suspended'"),
  ].join(",\n  ")};
INSERT INTO audit_events VALUES
  ${[
    issued("screener", "resume:read agents:read", [resumes], "2026-09-01"),
    issued("screener", "resume:score", [resumes, "payroll"]),
    issued("screener", "agents:read", [idp]),
    issued("guest", "resume:read", [resumes]),
    issued("gone", "resume:read", ["https://gone.example.com"]),
    issued("lender", "resume:read openid", [`${idp}/`], "2026-11-30"),
    issued("admin", "", [idp]),
    event("delegation.created", "lender", { delegateeAgentId: "screener", scope: "resume:read" }),
    event("delegation.created", "gone", { delegateeAgentId: "screener", scope: "resume:read" }),
    event("agent.updated", "admin", { fields: ["'token.issued'"] }).replaceAll("'token.issued'", "''token.issued''"),
  ].join(",\n  ")};`;

const sql = `UPDATE agents SET granted_scopes = json_insert(granted_scopes, '$[#]', 'delegations:write')
WHERE id IN (
  'lender')
  AND NOT EXISTS (SELECT 1 FROM json_each(granted_scopes) WHERE value = 'delegations:write');`;

const report = `# Upgrade report

Tokens in the log: 6, from 2026-09-01 to 2026-11-30.

## Resources to register

Audiences of tokens other than ${idp}. A token request for one that is not registered is refused (invalid_target).

### ${resumes}

Organizations: acme, beta. One registers it and names the others in allowedOrganizations.
Scopes: resume:read resume:score
Agents, each with the capabilities that it must keep:
- guest guest@beta.example (beta): resume:read
- screener screener@acme.example (acme): resume:read resume:score

### payroll

It is no identifier of a resource: register another, and change the API and its clients.
Organization: acme
Scopes: resume:score
Agents, each with the capabilities that it must keep:
- screener screener@acme.example (acme): resume:score

## Agents that need delegations:write

They have delegated. Check each, then run the SQL after the migrations and before the service starts.

- lender lender@acme.example (acme)

\`\`\`sql
${sql}
\`\`\`

## Clients that must send resource

Their tokens for ${idp} carried capabilities. Without resource a token carries none.

- lender lender@acme.example (acme): resume:read

## Clients that must request a second token

Their tokens for another audience carried scopes of this service. Only tokens without resource carry those.

- screener screener@acme.example (acme): agents:read

## Clients whose tokens had several audiences

Each token is for one. Request one token for each API.

- screener screener@acme.example (acme)

## Agents that lose admin:orgs

They are no admins, and the migration takes it away. Make those admins first that need it.

- lender lender@acme.example (acme)

## Capabilities that no token carries any more

Their names are reserved for scopes of this service. Rename them.

- lender lender@acme.example (acme): tasks:run
`;

let directory: string;
const at = (name: string) => join(directory, name);

async function wrangler(...parameters: readonly string[]): Promise<string> {
  const [program, ...rest] = wranglerCommand("d1", ...parameters, "--config", at("wrangler.toml"));
  return (await execute(program, rest, { cwd: directory, env: quietEnvironment })).stdout;
}

const run = (...parameters: readonly string[]) =>
  execute("npm", ["run", "--silent", "upgrade:report", "--", ...parameters], { cwd: root }).catch((error) => error);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentidp-upgrade-"));
  await writeFile(at("wrangler.toml"), config);
  await writeFile(at("rows.sql"), rows);
  await wrangler("execute", "agentidp", "--local", "--file", join(root, "migrations", "0000_identity.sql"));
  await wrangler("execute", "agentidp", "--local", "--file", at("rows.sql"));
  await wrangler("export", "agentidp", "--local", "--output", at("agentidp.sql"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("npm run upgrade:report", () => {
  it("lists what to register and to grant, and what ends", async () => {
    const { stdout, stderr, code = 0 } = await run(at("agentidp.sql"), idp);
    expect({ stdout, stderr, code }).toEqual({ stdout: report, stderr: "", code: 0 });
  });

  it("prints SQL that grants the scope, also when it is run twice", async () => {
    for (const _ of ["once", "twice"]) await wrangler("execute", "agentidp", "--local", "--command", sql);
    const query = "SELECT granted_scopes FROM agents WHERE granted_scopes LIKE '%delegations:write%'";
    const answer = JSON.parse(await wrangler("execute", "agentidp", "--local", "--json", "--command", query));
    expect(answer[0].results).toEqual([{ granted_scopes: '["agents:read","admin:orgs","delegations:write"]' }]);
  });

  it.each([
    ["without an issuer", () => [at("agentidp.sql")], "Name the export of the database and the issuer"],
    ["without a file", () => [at("missing.sql"), idp], "cannot be read"],
    ["with another file", () => [at("wrangler.toml"), idp], "is no export of the whole database"],
  ])("%s: fails with advice", async (_, parameters, advice) => {
    const { stderr, code } = await run(...parameters());
    expect(code).toBe(1);
    expect(stderr).toContain(advice);
  });
});
