/** The machine, the versions and the commit of a run. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, type as systemType, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/wrangler.ts";

const packages = ["workerd", "miniflare", "hono", "jose", "oidc-provider", "@node-oauth/oauth2-server", "autocannon"];

const versionOf = (name: string): string => {
  const manifest = readFileSync(join(root, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
};

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the last minute. Other work on the machine changes every figure. */
  readonly loadAverage: number;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${systemType()} ${release()}`,
    loadAverage: loadavg()[0] ?? 0,
    node: process.versions.node,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
}

/** The measured commit, marked when the checkout differs from it; null outside a repository. */
export function measuredCommit(): string | null {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty", "--abbrev=12"], {
      cwd: root,
      encoding: "utf8",
    }).trim();
  } catch {
    return null;
  }
}
