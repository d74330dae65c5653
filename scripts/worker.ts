/** The local Worker: secrets, migrations, `wrangler dev` in a group of its own, and the first admin. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Admin, ensureAdmin } from "./admin.ts";
import { demandPort } from "./port.ts";
import { ensureSecrets } from "./secrets.ts";
import { quietEnvironment, root, runWrangler, wranglerCommand } from "./wrangler.ts";

const startTimeoutMs = 60_000;
/** How long an answer other than 200 may last before it is taken for the Worker's word. */
const sickTimeoutMs = 5_000;
const cronPeriodMs = 60_000;

/** A Worker that runs on this machine. */
export interface LocalWorker {
  readonly admin: Admin;
  /** Settles when the Worker has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** From now on the Worker's log goes to standard output. */
  showLog(): void;
  /** Ends it and everything it started. */
  stop(): Promise<void>;
}

/** Starts `wrangler dev` and keeps what it prints until somebody wants to see it. */
function launch(port: number) {
  const command = wranglerCommand(
    "dev",
    "--port",
    `${port}`,
    "--inspector-port",
    "0",
    "--show-interactive-dev-session=false",
  );
  const guard = spawn(process.execPath, [join(import.meta.dirname, "guard.ts"), ...command], {
    cwd: root,
    env: quietEnvironment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let printed = "";
  let show = false;
  const take = (chunk: Buffer) => {
    if (show) process.stdout.write(chunk);
    else printed += chunk;
  };
  guard.stdout.on("data", take);
  guard.stderr.on("data", take);
  guard.stdin.on("error", () => undefined);
  let running = true;
  const ended = new Promise<void>((resolve) => {
    guard.on("close", () => {
      running = false;
      resolve();
    });
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

/** The status and text of the health check; null while nobody answers. */
async function health(url: string): Promise<{ status: number; text: string } | null> {
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
  let sickSince: number | null = null;
  for (;;) {
    interrupted.throwIfAborted();
    const answer = await health(url);
    if (answer?.status === 200) return;
    const now = Date.now();
    sickSince = answer ? (sickSince ?? now) : null;
    const sick = sickSince !== null && now - sickSince > sickTimeoutMs;
    if (!worker.isRunning() || sick || now > deadline) {
      const said = answer ? `\n/health answers ${answer.status}: ${answer.text}` : "";
      throw new Error(`The Worker does not start.\n${worker.printed()}${said}`);
    }
    await sleep(100);
  }
}

/** `wrangler dev` runs no cron triggers of its own. */
function runCronEachMinute(url: string): NodeJS.Timeout {
  return setInterval(() => {
    fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`).then(
      (answer) => answer.text(),
      (error: unknown) => console.warn(`The cron trigger did not run: ${error}`),
    );
  }, cronPeriodMs);
}

/**
 * Starts the Worker on a port and sees to it that it has an admin. Data and admin of an earlier run are kept.
 *
 * @param interrupted ends the attempt; nothing is left running then
 * @throws {Advice} when the reader has to do something first: another port, a reset
 */
export async function startWorker(port: number, interrupted: AbortSignal): Promise<LocalWorker> {
  await demandPort(port);
  const url = `http://localhost:${port}`;
  const setupToken = ensureSecrets(url);
  runWrangler("d1", "migrations", "apply", "DB", "--local");
  const worker = launch(port);
  try {
    await waitUntilHealthy(url, worker, interrupted);
    const admin = await ensureAdmin(url, setupToken);
    const cron = runCronEachMinute(url);
    const stop = async () => {
      clearInterval(cron);
      await worker.stop();
    };
    return { admin, ended: worker.ended, showLog: worker.showLog, stop };
  } catch (error) {
    await worker.stop();
    throw error;
  }
}
