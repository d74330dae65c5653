/** When the program should end: it was asked to, or whoever started it is gone. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const orphanCheckMs = 500;

/** The parent of a process; 0 when the system does not tell. */
function parentOf(pid: number): number {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "";
    return Number(afterName.split(" ")[1]);
  } catch {
    return Number(spawnSync("ps", ["-o", "ppid=", "-p", `${pid}`], { encoding: "utf8" }).stdout) || 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A signal that aborts on SIGINT (Ctrl-C), SIGTERM and SIGHUP, and when the parent process ends: it may be killed
 * without a word to us. npm puts a shell between itself and us, which would outlive it.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => controller.abort());
  const parent = process.ppid;
  const npm = process.env.npm_lifecycle_event ? parentOf(parent) : 0;
  const orphaned = () => process.ppid !== parent || (npm > 1 && !isAlive(npm));
  setInterval(() => orphaned() && controller.abort(), orphanCheckMs).unref();
  return controller.signal;
}
