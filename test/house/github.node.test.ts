/** What GitHub reads of this repository: it parses, and it runs what package.json has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const { scripts, engines, dependencies, devDependencies } = JSON.parse(read("package.json"));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: unknown;
  readonly "timeout-minutes": number;
  readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
  readonly steps: readonly Step[];
}

const workflow: { permissions: unknown; on: object; jobs: Record<"fast" | "full" | "projects" | "pages", Job> } = parse(
  read(".github/workflows/ci.yml"),
);
const jobs = Object.values(workflow.jobs);
const commandsOf = ({ steps }: Job) => steps.flatMap(({ run }) => run ?? []);

describe(".github/workflows/ci.yml", () => {
  it("has a fast lane, a full lane, one for the starter projects and one for the pages, for pull requests and for main", () => {
    expect(Object.keys(workflow.on)).toEqual(["push", "pull_request"]);
    expect(Object.keys(workflow.jobs)).toEqual(["fast", "full", "projects", "pages"]);
    expect(commandsOf(workflow.jobs.fast)).toEqual(["npm ci", "npm run test:fast"]);
    expect(commandsOf(workflow.jobs.full)).toEqual(["npm ci", "npm audit --audit-level=high", "npm test"]);
    expect(commandsOf(workflow.jobs.projects)).toEqual(["npm ci", "npm run test:scaffold"]);
    expect(commandsOf(workflow.jobs.pages)).toEqual(["npm ci", "npm run test:web"]);
  });

  it("runs scripts that package.json has", () => {
    const named = jobs.flatMap(commandsOf).flatMap((command) => /^npm (?:run )?(\S+)/.exec(command)?.[1] ?? command);
    expect(named.filter((name) => !(name in scripts) && !["ci", "audit"].includes(name))).toEqual([]);
  });

  it("may read the code and nothing else, and leaves no token in the clone", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(jobs.filter(({ permissions }) => permissions !== undefined)).toEqual([]);
    const checkouts = jobs.flatMap(({ steps }) => steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")));
    expect(checkouts.map((step) => step.with)).toEqual(jobs.map(() => ({ "persist-credentials": false })));
  });

  it("uses GitHub's own actions, each by its major version, and ends by itself", () => {
    for (const { steps, "timeout-minutes": minutes } of jobs) {
      expect(minutes).toBeLessThanOrEqual(60);
      for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
    }
  });

  it("begins at the oldest Node that package.json allows", () => {
    const versions = workflow.jobs.fast.strategy?.matrix.node ?? [];
    expect(`>=${Math.min(...versions)}`).toBe(engines.node);
  });
});

describe(".github/dependabot.yml", () => {
  interface Update {
    readonly "package-ecosystem": string;
    readonly directory: string;
    readonly schedule: unknown;
    readonly groups: Readonly<Record<string, { patterns?: string[]; "dependency-type"?: string }>>;
  }
  const settings: { version: number; updates: Update[] } = parse(read(".github/dependabot.yml"));

  it("proposes npm packages and actions once a week, in groups", () => {
    expect(settings.version).toBe(2);
    const updates = settings.updates.map(({ groups, ...update }) => [update, Object.keys(groups)]);
    expect(updates).toEqual([
      [
        { "package-ecosystem": "npm", directory: "/", schedule: { interval: "weekly" } },
        ["cloudflare", "runtime", "tools"],
      ],
      [{ "package-ecosystem": "npm", directory: "/web", schedule: { interval: "weekly" } }, ["web"]],
      [{ "package-ecosystem": "github-actions", directory: "/", schedule: { interval: "weekly" } }, ["actions"]],
    ]);
  });

  it("names packages that are there", () => {
    const packages = Object.keys({ ...dependencies, ...devDependencies });
    const patterns = settings.updates[0]?.groups.cloudflare?.patterns ?? [];
    const unknown = patterns.filter(
      (pattern) =>
        !packages.some((name) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)),
    );
    expect([patterns.length, unknown]).toEqual([3, []]);
  });
});

describe("files that name scripts of package.json", () => {
  it.each(["CONTRIBUTING.md", ".github/pull_request_template.md"])("%s names those that exist", (path) => {
    const named = [...read(path).matchAll(/`npm (?:run )?([a-z:]+)/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
