/** Migrations, as `wrangler d1 migrations apply` runs them: one that fails in its middle, and two deployments at once. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_splitSqlQuery } from "wrangler";
import { quietEnvironment, root, wranglerCommand } from "../../scripts/wrangler.ts";

const folder = join(root, "migrations");
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".sql"))
  .sort();
const newest = names.at(-1) ?? "";
const statementsOf = (name: string) => unstable_splitSqlQuery(readFileSync(join(folder, name), "utf8"));

const config = `name = "agentidp"
compatibility_date = "2026-01-01"
[[d1_databases]]
binding = "DB"
database_name = "agentidp"
database_id = "00000000-0000-4000-8000-000000000000"
migrations_dir = "migrations"
`;

describe("wrangler d1 migrations apply", () => {
  let directory: string;
  const data = () => join(directory, "data");

  const apply = () =>
    new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
      const [program, ...rest] = wranglerCommand(
        ...["d1", "migrations", "apply", "agentidp", "--local", "--persist-to", data()],
        ...["--config", join(directory, "wrangler.toml")],
      );
      execFile(program, rest, { cwd: directory, env: { ...quietEnvironment, CI: "true" } }, (error, stdout, stderr) => {
        resolve({ code: error ? 1 : 0, output: stdout + stderr });
      });
    });

  async function open(): Promise<DatabaseSync> {
    const files = await readdir(data(), { recursive: true, withFileTypes: true });
    const found = files.filter(({ name }) => /^[0-9a-f]{64}\.sqlite$/.test(name));
    expect(found).toHaveLength(1);
    return new DatabaseSync(join(found[0]!.parentPath, found[0]!.name));
  }

  /** All that a Worker could see: the tables, their columns and indexes, and some rows. */
  async function contents(): Promise<unknown> {
    const database = await open();
    const all = (sql: string) => database.prepare(sql).all();
    const seen = {
      schema: all("SELECT name, sql FROM sqlite_master WHERE name NOT GLOB '_cf_*' ORDER BY name"),
      organizations: all("SELECT * FROM organizations"),
      applied: all("SELECT name FROM d1_migrations ORDER BY id").map(({ name }) => name),
    };
    database.close();
    return seen;
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "agentidp-migrations-"));
    await mkdir(join(directory, "migrations"));
    await writeFile(join(directory, "wrangler.toml"), config);
    for (const name of names.slice(0, -1)) await copyFile(join(folder, name), join(directory, "migrations", name));
    const { code, output } = await apply();
    expect(code, output).toBe(0);
    const database = await open();
    database.exec(
      "INSERT INTO organizations (id, name, slug, is_operator, plan_tier, status, created_at, updated_at) VALUES ('o', 'Acme', 'acme', 0, 'pro', 'active', 1, 1)",
    );
    database.close();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("a migration that fails in its middle changes nothing, so the old version works on", async () => {
    const before = await contents();
    const statements = statementsOf(newest);
    const broken = statements.toSpliced(
      Math.ceil(statements.length / 2),
      0,
      "INSERT INTO organizations (id) VALUES (NULL)",
    );
    await writeFile(join(directory, "migrations", newest), broken.map((statement) => `${statement};`).join("\n"));
    const { code, output } = await apply();
    expect(code, output).toBe(1);
    expect(output).toContain("NOT NULL constraint failed: organizations.id");
    expect(await contents()).toEqual(before);
  });

  it("two deployments at once apply each migration once, and a third finds nothing to do", async () => {
    await copyFile(join(folder, newest), join(directory, "migrations", newest));
    const results = await Promise.all([apply(), apply()]);
    // The one that comes second finds the migration applied, or fails at a table or column that is there already.
    expect(results.map(({ code }) => code).sort()[0], results.map(({ output }) => output).join("\n")).toBe(0);
    for (const { code, output } of results)
      if (code !== 0) expect(output).toMatch(/duplicate column|already exists|UNIQUE|locked/);
    expect(await contents()).toMatchObject({ applied: names, organizations: [{ id: "o" }] });
    const third = await apply();
    expect([third.code, third.output]).toEqual([0, expect.stringContaining("No migrations to apply")]);
  });
});

describe("the migrations after 0001", () => {
  /** What an old version of the Worker does not notice. Migration 0001 is the exception: the service is stopped for it. */
  const adds = [
    /^CREATE TABLE `\w+`/,
    /^CREATE (UNIQUE )?INDEX `\w+`/,
    /^ALTER TABLE `\w+` ADD `\w+` \w+( DEFAULT ([\w.-]+|'[^']*'))? NOT NULL$/,
    /^ALTER TABLE `\w+` ADD `\w+` \w+( DEFAULT ([\w.-]+|'[^']*'))?$/,
  ];
  /** Old rows and the old Worker have no value for it. */
  const needsValue = /^ALTER TABLE (?!.* DEFAULT ).* NOT NULL$/;

  it.each(names.slice(2))("%s adds only, so the old version works with it", (name) => {
    const statements = statementsOf(name).map((statement) =>
      statement
        .replace(/^(\s*--[^\n]*\n)+/, "")
        .replace(/;?\s*$/, "")
        .trim(),
    );
    const others = statements.filter((one) => !adds.some((form) => form.test(one)) || needsValue.test(one));
    expect(others).toEqual([]);
  });
});

it("each release has its database and its test", () => {
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const releases = [...changelog.matchAll(/^## \[(\d[^\]]*)\]/gm)].map(([, release = ""]) => release);
  expect(releases.length).toBeGreaterThan(0);
  for (const release of releases) {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "databases", `${release}.json`), "utf8"));
    expect(version).toBe(release);
    expect(existsSync(join(import.meta.dirname, `from-${release.replaceAll(".", "-")}.test.ts`))).toBe(true);
  }
});
