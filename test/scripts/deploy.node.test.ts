/** `npm run deploy:init` and `npm run deploy:check`, as programs in a clone of their own, and what the check finds. */
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { findingsOf } from "../../scripts/deploy/findings.ts";
import { newSecrets, productionConfig } from "../../scripts/deploy/production.ts";
import { root } from "../house/_source.ts";

const deployment = {
  name: "agentidp",
  issuer: "https://idp.example.com",
  databaseId: "1b6e2c1a-9d3f-4e0a-8c57-2f4d6a8b0c1e",
  kvId: "0123456789abcdef0123456789abcdef",
};
const flags = [
  "--issuer=https://idp.example.com",
  "--database-id=1b6e2c1a-9d3f-4e0a-8c57-2f4d6a8b0c1e",
  "--kv-id=0123456789abcdef0123456789abcdef",
];

let clone: string;

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), "agentidp-deploy-"));
  await cp(join(root, "scripts"), join(clone, "scripts"), { recursive: true });
  for (const name of ["wrangler.toml", "package.json"]) await cp(join(root, name), join(clone, name));
  for (const name of ["node_modules", "src", "migrations"]) await symlink(join(root, name), join(clone, name));
});
afterAll(() => rm(clone, { recursive: true, force: true, maxRetries: 5 }));

function run(program: string, parameters: readonly string[] = [], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/${program}.ts`, ...parameters], {
    cwd: clone,
    env: { PATH: process.env.PATH ?? "", HOME: clone, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Wrangler's reading of a text of `wrangler.production.toml`. */
async function configOf(text: string) {
  const config = join(clone, "read.toml");
  await writeFile(config, text);
  return unstable_readConfig({ config }, { hideWarnings: true });
}
const base = () => unstable_readConfig({ config: join(root, "wrangler.toml") }, { hideWarnings: true });

describe("the programs", () => {
  const secretsPath = () => join(clone, ".local", "production.json");

  it("the check names what to run first", () => {
    expect(run("deploy-check")).toMatchObject({ status: 1, stderr: expect.stringContaining("npm run deploy:init") });
  });

  it("asks nothing without a terminal: it names every missing answer, and writes nothing", async () => {
    const { status, stderr } = run("deploy-init", [], { DEPLOY_KV_ID: deployment.kvId });
    expect(status).toBe(1);
    expect(stderr.trim().split("\n").slice(1)).toEqual([
      "  --issuer, or DEPLOY_ISSUER: an https origin, such as https://idp.example.com",
      "  --database-id, or DEPLOY_DATABASE_ID: a UUID",
    ]);
    await expect(stat(secretsPath())).rejects.toThrow("ENOENT");
  });

  it.each([
    ["--issuer=http://idp.example.com", '--issuer must be an https origin, such as https://idp.example.com, not "http'],
    ["--issuer=https://idp.example.com/", "--issuer must be an https origin"],
    ["--database-id=00000000-0000-0000-0000-000000000000", "--database-id must be a UUID"],
    ["--name=Agent IdP", "--name must be at most 41 lower-case letters, digits and hyphens"],
    ["--isuer=https://idp.example.com", "'--isuer'"],
  ])("refuses %s", (flag, message) => {
    expect(run("deploy-init", [flag])).toMatchObject({ status: 1, stderr: expect.stringContaining(message) });
  });

  it("writes the file and four secrets, which the check accepts", async () => {
    expect(run("deploy-init", flags)).toMatchObject({ status: 0, stderr: "" });
    expect(await readFile(join(clone, "wrangler.production.toml"), "utf8")).toBe(productionConfig(deployment));
    const secrets = JSON.parse(await readFile(secretsPath(), "utf8"));
    expect(Object.keys(secrets)).toEqual(["KEY_ENCRYPTION_KEYS", "SECRET_HASH_KEYS", "SETUP_TOKEN", "METRICS_TOKEN"]);
    expect((await stat(secretsPath())).mode & 0o777).toBe(0o600);
    expect(run("deploy-check")).toMatchObject({
      status: 0,
      stdout: "wrangler.production.toml and .local/production.json: nothing to mend.\n",
    });
  });

  it("does not overwrite them", async () => {
    const before = await readFile(secretsPath(), "utf8");
    expect(run("deploy-init", flags)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("is not overwritten"),
    });
    expect(await readFile(secretsPath(), "utf8")).toBe(before);
  });

  it("the check says that METRICS_TOKEN is missing", async () => {
    const { METRICS_TOKEN: _, ...secrets } = JSON.parse(await readFile(secretsPath(), "utf8"));
    await writeFile(secretsPath(), JSON.stringify(secrets));
    expect(run("deploy-check")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("- the secret METRICS_TOKEN is missing\n"),
    });
  });
});

describe("wrangler.production.toml", () => {
  it.each([
    "durable_objects",
    "queues",
    "migrations",
    "triggers",
    "limits",
    "compatibility_date",
    "compatibility_flags",
    "rules",
  ] as const)("%s are those of wrangler.toml", async (field) => {
    expect((await configOf(productionConfig(deployment)))[field]).toEqual(base()[field]);
  });

  it("is reachable at the issuer only, and has the settings of production", async () => {
    const config = await configOf(productionConfig(deployment));
    expect(config.vars).toMatchObject({ ISSUER: "https://idp.example.com", ENVIRONMENT: "production" });
    expect(config.routes).toEqual([{ pattern: "idp.example.com", custom_domain: true }]);
    expect(config).toMatchObject({ workers_dev: false, preview_urls: false, minify: true, upload_source_maps: true });
    expect(config.d1_databases[0]).toMatchObject({ database_id: deployment.databaseId, migrations_dir: "migrations" });
    expect(config.kv_namespaces).toMatchObject([{ binding: "CACHE", id: deployment.kvId }]);
    expect(config.observability).toMatchObject({ enabled: true });
  });

  it("is at workers.dev where the issuer is", async () => {
    const config = await configOf(productionConfig({ ...deployment, issuer: "https://agentidp.acme.workers.dev" }));
    expect([config.workers_dev, config.routes]).toEqual([true, undefined]);
    expect(findingsOf(config, base(), newSecrets(new Date()))).toEqual([]);
  });

  it("names its queues and its database after the Worker", async () => {
    const config = await configOf(productionConfig({ ...deployment, name: "idp-staging" }));
    expect(config.queues.consumers?.map((consumer: { readonly queue: string }) => consumer.queue)).toEqual([
      "idp-staging-webhooks",
      "idp-staging-webhooks-dead",
    ]);
    expect(config.d1_databases[0]?.database_name).toBe("idp-staging");
    expect(findingsOf(config, base(), null)).toEqual([]);
  });
});

describe("the findings", () => {
  const secrets = newSecrets(new Date("2026-11-30T12:00:00Z"));

  it.each<[string, string, string, string]>([
    [
      "a binding is missing",
      'name = "METRICS"',
      'name = "NUMBERS"',
      "durable_objects is not as in wrangler.toml of this version: copy it from there",
    ],
    [
      "an older set of flags",
      '"queue_consumer_no_wait_for_wait_until"',
      '"nodejs_compat"',
      "compatibility_flags is not as in wrangler.toml of this version: copy it from there",
    ],
    [
      "a batch that is too large",
      "max_batch_size = 5",
      "max_batch_size = 50",
      "queues are not as in wrangler.toml, apart from their names: copy them from there",
    ],
    [
      "a dead-letter queue that nobody reads",
      'dead_letter_queue = "agentidp-webhooks-dead"',
      'dead_letter_queue = "other-dead"',
      "dead_letter_queue of the first consumer must be the queue of the second one, and end in -dead",
    ],
    [
      "the example's id",
      deployment.databaseId,
      "00000000-0000-0000-0000-000000000000",
      "database_id must be the UUID that `wrangler d1 create` printed",
    ],
    [
      "development",
      'ENVIRONMENT = "production"',
      'ENVIRONMENT = "development"',
      "ENVIRONMENT must be production or staging",
    ],
    [
      "a misspelt setting",
      "[vars]\n",
      '[vars]\nTOKN_TTL_SECONDS = "60"\n',
      "TOKN_TTL_SECONDS in [vars] is no setting of this version",
    ],
    [
      "an issuer that is no origin, once",
      'ISSUER = "https://idp.example.com"',
      'ISSUER = "idp.example.com"',
      "ISSUER must be an https origin, such as https://idp.example.com",
    ],
    [
      "a lifetime out of range",
      'TOKEN_TTL_SECONDS = "3600"',
      'TOKEN_TTL_SECONDS = "0"',
      "TOKEN_TTL_SECONDS must be at least 60 seconds",
    ],
    [
      "another host",
      'pattern = "idp.example.com"',
      'pattern = "id.example.com"',
      "no route leads to idp.example.com, the host of ISSUER",
    ],
    [
      "a second address",
      "workers_dev = false",
      "workers_dev = true",
      "workers_dev must be false: it is a second address of the service",
    ],
    [
      "a secret in the open",
      "[vars]\n",
      `[vars]\nMETRICS_TOKEN = "${"x".repeat(40)}"\n`,
      "METRICS_TOKEN is a secret and must not be in [vars]",
    ],
  ])("%s", async (_, before, after, finding) => {
    const text = productionConfig(deployment);
    expect(text).toContain(before);
    expect(findingsOf(await configOf(text.replace(before, after)), base(), secrets)).toEqual([finding]);
  });

  it("several at once", async () => {
    const text = productionConfig(deployment)
      .replace('ENVIRONMENT = "production"', 'ENVIRONMENT = "development"')
      .replace('TOKEN_TTL_SECONDS = "3600"', 'TOKEN_TTL_SECONDS = "5"');
    expect(findingsOf(await configOf(text), base(), secrets)).toEqual([
      "ENVIRONMENT must be production or staging",
      "TOKEN_TTL_SECONDS must be at least 60 seconds",
    ]);
  });

  it("a key list that is none", async () => {
    const config = await configOf(productionConfig(deployment));
    expect(findingsOf(config, base(), { ...secrets, SECRET_HASH_KEYS: "2026-11:short" })).toEqual([
      "SECRET_HASH_KEYS must be id:base64url-of-32-bytes, separated by commas, ids unique",
    ]);
  });
});
