/** Before the tests in Node: reads the configuration once, for every Worker process of the run. */
import type { TestProject } from "vitest/node";
import type { Migration } from "../../scripts/built-worker.ts";
import { configuredBindings, migrations } from "../../scripts/configured.ts";

export interface Configuration {
  readonly bindings: ReturnType<typeof configuredBindings>;
  readonly migrations: readonly Migration[];
}

declare module "vitest" {
  interface ProvidedContext {
    configuration: Configuration;
  }
}

export function setup({ provide }: TestProject): void {
  provide("configuration", { bindings: configuredBindings({}), migrations: migrations() });
}
