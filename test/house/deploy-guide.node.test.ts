/** The environment that the guide to deployment describes has everything that the Worker has here. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";

const root = join(import.meta.dirname, "..", "..");
let directory: string;
let config: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentidp-deploy-"));
  config = join(directory, "wrangler.toml");
  const guide = await readFile(join(root, "docs", "deploy.md"), "utf8");
  const [, environment] = /```toml\n(\[env\.production\][\s\S]*?)```/.exec(guide) ?? [];
  await writeFile(config, `${await readFile(join(root, "wrangler.toml"), "utf8")}\n${environment}`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const here = () => unstable_readConfig({ config });
const there = () => unstable_readConfig({ config, env: "production" });

describe("docs/deploy.md, [env.production]", () => {
  it.each(["durable_objects", "queues", "migrations", "triggers", "limits", "compatibility_flags", "rules"] as const)(
    "%s are those of wrangler.toml",
    (field) => {
      expect(there()[field]).toEqual(here()[field]);
    },
  );

  it.each(["d1_databases", "kv_namespaces"] as const)("%s have the same bindings", (field) => {
    const bindings = (one: ReturnType<typeof here>) =>
      (one[field] as readonly { readonly binding: string }[]).map(({ binding }) => binding);
    expect(bindings(there())).toEqual(bindings(here()));
  });

  it("has the settings of production", () => {
    expect(there().vars).toMatchObject({ ISSUER: "https://idp.example.com", ENVIRONMENT: "production" });
    expect(there()).toMatchObject({ workers_dev: false, preview_urls: false, minify: true, upload_source_maps: true });
  });
});
