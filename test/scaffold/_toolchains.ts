/** How a developer of each language runs the starter project. The commands are those of the project's README. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

type Command = readonly [string, ...string[]];

export interface Toolchain {
  readonly program: string;
  readonly from: string;
  readonly manifest: string;
  /** Gets everything that needs the network. */
  readonly prepare: Command | null;
  readonly start: Command;
  readonly delegate: (...words: readonly string[]) => Command;
  readonly webhook: Command;
  /** Runs without network. */
  readonly test: Command;
  /** Must print nothing. */
  readonly format: Command | null;
}

/** @param options before the command */
const cargo = (...options: readonly string[]) => ({
  prepare: ["cargo", ...options, "test", "--no-run"] as const,
  start: ["cargo", ...options, "run"] as const,
  delegate: (...words: readonly string[]) => ["cargo", ...options, "run", "--", "delegate", ...words] as const,
  webhook: ["cargo", ...options, "run", "--", "webhook"] as const,
  test: ["cargo", ...options, "test", "--offline"] as const,
});

/** From the quickest to the one that compiles longest. */
export const toolchains: Readonly<Record<string, Toolchain>> = {
  python: {
    program: "python3",
    from: "https://www.python.org",
    manifest: "pyproject.toml",
    prepare: null,
    start: ["python3", "-m", "app"],
    delegate: (...words) => ["python3", "-m", "app.delegate", ...words],
    webhook: ["python3", "-m", "app.webhook"],
    test: ["python3", "-m", "unittest"],
    format: null,
  },
  typescript: {
    program: "npm",
    from: "https://nodejs.org",
    manifest: "package.json",
    prepare: ["npm", "install", "--no-audit", "--no-fund"],
    start: ["npm", "start"],
    delegate: (...words) => ["npm", "run", "delegate", "--", ...words],
    webhook: ["npm", "run", "webhook"],
    test: ["npm", "test"],
    format: null,
  },
  go: {
    program: "go",
    from: "https://go.dev/dl",
    manifest: "go.mod",
    prepare: ["go", "vet", "./..."],
    start: ["go", "run", "."],
    delegate: (...words) => ["go", "run", ".", "delegate", ...words],
    webhook: ["go", "run", ".", "webhook"],
    test: ["go", "test", "./..."],
    format: ["gofmt", "-l", "."],
  },
  java: {
    program: "mvn",
    from: "https://maven.apache.org",
    manifest: "pom.xml",
    prepare: ["mvn", "-q", "test"],
    start: ["mvn", "-q"],
    delegate: (...words) => ["mvn", "-q", `-Dexec.args=${["delegate", ...words].join(" ")}`],
    webhook: ["mvn", "-q", "-Dexec.args=webhook"],
    test: ["mvn", "-q", "--offline", "test"],
    format: null,
  },
  rust: {
    program: "cargo",
    from: "https://rustup.rs",
    manifest: "Cargo.toml",
    ...cargo(),
    format: ["cargo", "fmt", "--check"],
  },
};

/** The SDK of a language as it is in this checkout. A project gets it without a change of its files. */
export interface Sdk {
  readonly language: "typescript" | "rust";
  readonly folder: string;
  readonly version: string;
  /** Packs it into a folder, run where the SDK is. */
  readonly pack: (into: string) => readonly Command[];
  /** In place of the language's own commands. */
  readonly commands: (packedInto: string) => Partial<Toolchain>;
}

const root = join(import.meta.dirname, "../..");
const typescriptSdk = join(root, "sdk/typescript");
const rustSdk = join(root, "sdk/rust");
const versionIn = (file: string, pattern: RegExp) => pattern.exec(readFileSync(file, "utf8"))?.[1] ?? "";
const typescriptVersion = versionIn(join(typescriptSdk, "package.json"), /^ {2}"version": "(.+)"/m);

export const sdks: Readonly<Record<string, Sdk>> = {
  typescript: {
    language: "typescript",
    folder: typescriptSdk,
    version: typescriptVersion,
    pack: (into) => [
      [process.execPath, join(root, "scripts/install.mjs"), "sdk/typescript"],
      ["npm", "pack", "--silent", "--pack-destination", into],
    ],
    commands: (packedInto) => {
      const packed = join(packedInto, `sentryagent-idp-sdk-${typescriptVersion}.tgz`);
      return { prepare: ["npm", "install", "--no-save", "--no-audit", "--no-fund", packed] };
    },
  },
  rust: {
    language: "rust",
    folder: rustSdk,
    version: versionIn(join(rustSdk, "Cargo.toml"), /^version = "(.+)"/m),
    pack: () => [],
    commands: () => cargo("--config", `patch.crates-io.sentryagent-idp.path=${JSON.stringify(rustSdk)}`),
  },
};

/** What to install, in one line; null where the program is there. */
export function missing({ program, from }: Toolchain): string | null {
  const found = spawnSync(program, [program === "go" ? "version" : "--version"], { stdio: "ignore" });
  return found.status === 0 ? null : `skipped: ${program} is not installed (${from})`;
}
