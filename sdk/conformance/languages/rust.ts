/** Runs clippy, the tests and the documentation of `sentryagent-idp`, and packs it as it would be published. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fixtures } from "../fixtures.ts";
import type { SuiteSettings } from "../run.ts";

const library = join(import.meta.dirname, "../../rust");

type Outcome = { readonly passed: number; readonly failed: number };

/** The tests of each binary: `test result: ok. 12 passed; 0 failed; …`. */
function counted(report: string): Outcome {
  const results = [...report.matchAll(/^test result: .*?(\d+) passed; (\d+) failed/gm)];
  const sum = (group: number) => results.reduce((total, result) => total + Number(result[group]), 0);
  return { passed: sum(1), failed: sum(2) };
}

function cargo(
  settings: Readonly<Record<string, string>>,
  options: readonly string[],
  cwd: string = library,
  isShown = true,
): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, RUSTDOCFLAGS: "-D warnings", ...settings };
    const child = spawn("cargo", options, { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
      if (isShown) process.stdout.write(chunk);
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve({ code: code ?? 1, text }));
  });
}

/** The programs of the README: its blocks of Rust that have a `main`. */
function programs(): string[] {
  const text = readFileSync(join(library, "README.md"), "utf8");
  const blocks = [...text.matchAll(/^```rust[^\n]*\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  return blocks.filter((block) => block.includes("async fn main()"));
}

/** Where the programs sign in: an admin of the organization, and an agent that it can lend to. */
async function signInSettings({ AGENTIDP_SUITE_URL, AGENTIDP_SUITE_CONTROL }: SuiteSettings) {
  const scenario = JSON.stringify({ credentials: "secret", given: ["other"] });
  const response = await fetch(`${AGENTIDP_SUITE_CONTROL}/begin`, { method: "POST", body: scenario });
  const { admin, other } = (await response.json()) as Pick<Fixtures, "admin" | "other">;
  return {
    AGENTIDP_API_URL: AGENTIDP_SUITE_URL,
    AGENTIDP_CLIENT_ID: admin.clientId,
    AGENTIDP_CLIENT_SECRET: admin.clientSecret,
    DELEGATEE_CLIENT_ID: other.clientId,
    DELEGATEE_CLIENT_SECRET: other.clientSecret,
  };
}

/** Runs each program of the README in a project of its own, with the packed crate, as a stranger would. */
async function testReadme(settings: SuiteSettings): Promise<Outcome> {
  const metadata = JSON.parse(
    (await cargo(settings, ["metadata", "--no-deps", "--format-version=1"], library, false)).text,
  );
  const packed = join(metadata.target_directory, `package/sentryagent-idp-${metadata.packages[0].version}`);
  const project = await mkdtemp(join(tmpdir(), "agentidp-sdk-rust-"));
  try {
    await mkdir(join(project, "src/bin"), { recursive: true });
    await writeFile(
      join(project, "Cargo.toml"),
      `[package]
name = "stranger"
edition = "2021"

[dependencies]
sentryagent-idp = { path = ${JSON.stringify(packed)}, features = ["dpop", "verify"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }

[workspace]
`,
    );
    await cp(join(library, "Cargo.lock"), join(project, "Cargo.lock"));
    let outcome: Outcome = { passed: 0, failed: 0 };
    const env = { ...settings, ...(await signInSettings(settings)), CARGO_TARGET_DIR: metadata.target_directory };
    for (const [index, program] of programs().entries()) {
      await writeFile(join(project, `src/bin/readme-${index}.rs`), program);
      const { code } = await cargo(env, ["run", "--quiet", "--bin", `readme-${index}`], project);
      console.log(`README program ${index + 1} ... ${code === 0 ? "ok" : "FAILED"}`);
      outcome = { passed: outcome.passed + Number(code === 0), failed: outcome.failed + Number(code !== 0) };
    }
    // None at all would pass in silence.
    return outcome.passed + outcome.failed === 0 ? { passed: 0, failed: 1 } : outcome;
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

export async function testRust(settings: SuiteSettings): Promise<Outcome> {
  if (spawnSync("cargo", ["--version"]).status !== 0) {
    console.log("Rust is skipped: cargo is not installed (https://rustup.rs)");
    return { passed: 0, failed: process.env.CI === "true" ? 1 : 0 };
  }
  const everything = ["--locked", "--all-features"];
  const steps = [
    ["clippy", ...everything, "--all-targets", "--", "-D", "warnings"],
    ["test", ...everything, "--no-fail-fast"],
    ["doc", ...everything, "--no-deps"],
    // What is published compiles alone, without the optional parts.
    ["package", "--locked", "--allow-dirty"],
  ];
  let passed = 0;
  let failed = 0;
  for (const step of steps) {
    const { code, text } = await cargo(settings, step);
    const counts = counted(text);
    passed += counts.passed;
    failed += counts.failed;
    if (code === 0) passed += step[0] === "test" ? 0 : 1;
    // A step that fails without a failed test did not compile.
    else failed += counts.failed > 0 ? 0 : 1;
  }
  const readme = failed === 0 ? await testReadme(settings) : { passed: 0, failed: 0 };
  return { passed: passed + readme.passed, failed: failed + readme.failed };
}
