/** Runs the programs of a developer: each with the settings of this machine, and none of those of the tests. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const ofTheTests =
  /^(npm_(?!config_)|AGENTIDP_|DELEGATEE_|WEBHOOK_|VITEST|NODE_(ENV|OPTIONS)$|RUST_BACKTRACE$|PORT$|INIT_CWD$|CI$)/i;

const environment: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofTheTests.test(name))),
  // What the projects in Rust, of both forms, have in common is compiled once, and quickly.
  CARGO_TARGET_DIR: join(import.meta.dirname, "..", "..", ".local", "cargo-target"),
  CARGO_PROFILE_DEV_DEBUG: "0",
  CARGO_INCREMENTAL: "0",
  CARGO_TERM_QUIET: "true",
  // Maven is started ten times, each time for seconds.
  MAVEN_OPTS: "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
};

const running = new Set<ChildProcess>();

/** Ends a program and its children. */
function end(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Sends what Ctrl-C sends to a program and its children. */
function interrupt({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGINT");
}

/** Ends what still runs. */
export const endAll = (): void => running.forEach(end);

export interface Running {
  readonly ended: Promise<Ended>;
  readonly printed: () => string;
  /** Ctrl-C. */
  readonly interrupt: () => void;
  /** Ends it; its output until then. */
  stop(): Promise<Ended>;
}

/** Starts a program in a folder, as a process group of its own. */
export function begin(
  [program, ...words]: readonly [string, ...string[]],
  cwd: string,
  settings: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(program, words, {
    cwd,
    env: { ...environment, ...settings },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (text.out += chunk));
  child.stderr.on("data", (chunk) => (text.err += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      running.delete(child);
      resolve({ code, ...text });
    });
  });
  const stop = () => {
    end(child);
    return ended;
  };
  return { ended, printed: () => text.out + text.err, interrupt: () => interrupt(child), stop };
}

const longestRunMs = 300_000;

/** Runs a program to its end; its exit code is null where that does not come. */
export async function run(...program: Parameters<typeof begin>): Promise<Ended> {
  const { ended, stop } = begin(...program);
  const deadline = setTimeout(stop, longestRunMs);
  return ended.finally(() => clearTimeout(deadline));
}

/** A network of its own that has nothing but this process. Not every system lets a user have one. */
const alone = ["unshare", "--map-root-user", "--net"] as const;
const canBeAlone = spawnSync(alone[0], [...alone.slice(1), "true"], { stdio: "ignore" }).status === 0;

/** Runs a program that can reach no other machine. */
export function runWithoutNetwork(program: readonly [string, ...string[]], cwd: string): Promise<Ended> {
  if (canBeAlone) {
    return run([...alone, "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh", ...program], cwd);
  }
  const nowhere = "http://127.0.0.1:1";
  return run(program, cwd, { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, http_proxy: nowhere, https_proxy: nowhere });
}
