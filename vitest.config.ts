import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { buildWebIfChanged } from "./scripts/web.ts";
import { rsaKeys } from "./test/support/rsa-keys.ts";
import { keepTemporaryFilesInMemory } from "./test/support/temporary-directory.ts";

keepTemporaryFilesInMemory();
// With the runtime's own small space for new objects, V8 collects garbage all the time. A size in MiB.
process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--min-semi-space-size=32 --max-semi-space-size=64";

// Without the folder every page would be a 404, and Vitest would not say why.
buildWebIfChanged();

const migrations = await readD1Migrations("./migrations");

/** What `src` imports from packages. Each is bundled into one file, so that a test file loads dozens of modules, not hundreds. */
const packages = new Set(
  readdirSync("src", { recursive: true, encoding: "utf8" })
    // The starter projects are texts for the Worker.
    .filter((path) => path.endsWith(".ts") && !/[\\/]languages[\\/]/.test(path))
    .flatMap((path) => [...readFileSync(`src/${path}`, "utf8").matchAll(/ from "([a-z@][^":]*)"/g)])
    .flatMap(([, id]) => (id === undefined ? [] : [id])),
);

/** These take a minute and more. */
const longest = /generated-attacks|disabled-principals|webhook-(crash|fairness)|\/soak\/|\/failures\/(?!coverage)/;

/** Begins with the longest files. Vitest begins with the largest ones, and at the end the longest would run alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => longest.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** What `npm run test:fast` leaves out: attacks, injected failures, and files of long logs, many hours, floods and races. */
const leftOut =
  process.env.npm_lifecycle_event === "test:fast"
    ? [
        "test/security/**",
        "test/failures/!(coverage).test.ts",
        "test/assurance/controls/audit-log-integrity.test.ts",
        "test/identity/delegation/races.test.ts",
        "test/keys/rotation-over-time.test.ts",
        "test/platform/telemetry/{closed-sets,push}.test.ts",
        "test/tenancy/analytics/recount.200.test.ts",
        "test/tenancy/audit/verify-{checkpoints,long}.200.test.ts",
        "test/tenancy/webhooks/{recovery,slow}.test.ts",
      ]
    : [];

/** The tests that run inside workerd, the runtime of production. */
const inWorkerd: TestProjectConfiguration = {
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        bindings: {
          MIGRATIONS: migrations,
          RSA_KEYS: rsaKeys(),
          // Set here, so that the `.dev.vars` of `npm start` cannot change them.
          ISSUER: "http://localhost:8787",
          ENVIRONMENT: "development",
          KEY_ENCRYPTION_KEYS: "test-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
          SECRET_HASH_KEYS: "test-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
          SETUP_TOKEN: "a-set-up-token-for-the-tests-only-0123456789",
        },
      },
    }),
  ],
  test: {
    name: "workerd",
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.node.test.ts", ...leftOut],
    // A process of its own would cost more than most files do. `anew.ts` separates the files.
    isolate: false,
    setupFiles: ["test/support/anew.ts"],
    deps: { optimizer: { ssr: { enabled: true, include: [...packages, "ajv/dist/2020.js"] } } },
    // Generous: a slow machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
};

export default defineConfig({
  test: {
    // More than there are processors, because many tests wait for time to pass.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      inWorkerd,
      {
        test: {
          name: "node",
          environment: "node",
          globalSetup: ["test/support/configuration.ts"],
          include: ["test/**/*.node.test.ts", "web/console/test/*.test.ts"],
          exclude: ["test/interop/**", "test/scaffold/**", "test/web/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "interop",
          environment: "node",
          globalSetup: ["test/support/configuration.ts"],
          include: ["test/interop/**/*.node.test.ts"],
          // Real servers on a busy machine lose a connection now and then. Nowhere else: there it would hide races.
          retry: process.env.CI ? 2 : 0,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Screens of the console in a browser: `npm run test:web` runs it, `npm test` leaves it out.
        test: {
          name: "web",
          environment: "node",
          globalSetup: ["test/support/configuration.ts"],
          include: ["test/web/**/*.node.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        // Compilers and package registries: `npm test` leaves it out, `npm run test:scaffold` runs it.
        test: {
          name: "scaffold",
          environment: "node",
          globalSetup: ["test/support/configuration.ts"],
          include: ["test/scaffold/**/*.node.test.ts"],
          testTimeout: 480_000,
          hookTimeout: 480_000,
        },
      },
    ],
  },
});
