import { availableParallelism } from "node:os";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const migrations = await readD1Migrations("./migrations");

/** A project that runs inside workerd, the runtime of production. */
const inWorkerd = (name: string, include: string[], exclude: string[]): TestProjectConfiguration => ({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        bindings: {
          MIGRATIONS: migrations,
          // Said here so that the `.dev.vars` of `npm start` cannot say otherwise.
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
    name,
    include,
    exclude: ["test/**/*.node.test.ts", ...exclude],
    setupFiles: ["test/support/migrate.ts"],
    // Generous: a slow machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    // Vitest leaves one processor free, so that on two of them it would run one file at a time and wait half of the time.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      inWorkerd("workerd", ["test/**/*.test.ts"], ["test/failures/**"]),
      inWorkerd("failures", ["test/failures/**/*.test.ts"], []),
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.node.test.ts"],
          exclude: ["test/interop/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "interop",
          environment: "node",
          include: ["test/interop/**/*.node.test.ts"],
          // Real servers on a busy machine lose a connection now and then. Nowhere else: there it would hide races.
          retry: process.env.CI ? 2 : 0,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
