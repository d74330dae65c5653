/** Starts the local Worker: secrets, migrations, `wrangler dev` in its own process group, and the first admin. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Admin, ensureAdmin } from "./admin.ts";
import { occupy } from "./occupancy.ts";
import { requireFreePort } from "./port.ts";
import { ensureSecrets } from "./secrets.ts";
import { buildWebIfChanged } from "./web.ts";
import { quietEnvironment, root, runWrangler, wranglerCommand } from "./wrangler.ts";

const startTimeoutMs = 60_000;
/** How long /health may answer with an error during the start. */
const unhealthyTimeoutMs = 5_000;
const cronPeriodMs = 60_000;

/** A Worker that runs on this machine. */
export interface LocalWorker {
  readonly admin: Admin;
  /** Settles when the Worker ends. */
  readonly ended: Promise<void>;
  /** Prints the Worker's log to standard output from now on. */
  showLog(): void;
  /** Ends the Worker and its child processes. */
  stop(): Promise<void>;
}

/** Starts `wrangler dev` and keeps its output for an error message. */
function launch(port: number) {
  const options = [`--port=${port}`, "--inspector-port=0", "--show-interactive-dev-session=false"];
  const command = wranglerCommand("dev", ...options);
  const guard = spawn(process.execPath, [join(import.meta.dirname, "guard.ts"), ...command], {
    cwd: root,
    env: quietEnvironment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let printed = "";
  let show = false;
  for (const output of [guard.stdout, guard.stderr]) {
    output.on("data", (chunk: Buffer) => {
      if (show) process.stdout.write(chunk);
      else printed += chunk;
    });
  }
  guard.stdin.on("error", () => undefined);
  let running = true;
  const ended = once(guard, "close").then(() => {
    running = false;
  });
  return {
    ended,
    isRunning: () => running,
    printed: () => printed,
    showLog: () => {
      show = true;
    },
    stop: async () => {
      guard.stdin.end();
      await ended;
    },
  };
}

/** The status and text of the health check; null without an answer. */
async function readHealth(url: string): Promise<{ status: number; text: string } | null> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return null;
  }
}

async function waitUntilHealthy(
  url: string,
  worker: ReturnType<typeof launch>,
  interrupted: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  let unhealthySince: number | null = null;
  for (;;) {
    interrupted.throwIfAborted();
    const answer = await readHealth(url);
    if (answer?.status === 200) return;
    const now = Date.now();
    unhealthySince = answer ? (unhealthySince ?? now) : null;
    const isUnhealthy = unhealthySince !== null && now - unhealthySince > unhealthyTimeoutMs;
    if (!worker.isRunning() || isUnhealthy || now > deadline) {
      const health = answer ? `\n/health answers ${answer.status}: ${answer.text}` : "";
      throw new Error(`The Worker does not start.\n${worker.printed()}${health}`);
    }
    await sleep(100);
  }
}

/** `wrangler dev` does not run Cron Triggers. */
function runCronEachMinute(url: string): NodeJS.Timeout {
  return setInterval(() => {
    fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`).then(
      (answer) => answer.text(),
      (error: unknown) => console.warn(`The Cron Trigger did not run: ${error}`),
    );
  }, cronPeriodMs);
}

/**
 * Starts the Worker on a port, with an admin. It keeps the data and the admin of an earlier run.
 *
 * @param interrupted aborts the start; no process keeps running
 * @throws {Advice} when the user must act first: the directory is served already, another port, a reset
 */
export async function startWorker(port: number, interrupted: AbortSignal): Promise<LocalWorker> {
  const url = `http://localhost:${port}`;
  // First: for the port of this directory's own Worker another one would be the wrong advice.
  const occupancy = occupy(join(root, ".wrangler"), url);
  let worker: ReturnType<typeof launch> | null = null;
  const end = async () => {
    await worker?.stop();
    occupancy.release();
  };
  try {
    await requireFreePort(port);
    const setupToken = ensureSecrets(url);
    buildWebIfChanged();
    runWrangler("d1", "migrations", "apply", "DB", "--local");
    worker = launch(port);
    await waitUntilHealthy(url, worker, interrupted);
    const admin = await ensureAdmin(url, setupToken);
    const cron = runCronEachMinute(url);
    const stop = async () => {
      clearInterval(cron);
      await end();
    };
    return { admin, ended: worker.ended, showLog: worker.showLog, stop };
  } catch (error) {
    await end();
    throw error;
  }
}
