/** Ends a local program on a signal, or when its parent ends. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const orphanCheckMs = 500;

/** The parent of a process; 0 when it is unknown. */
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
 * A signal that aborts on SIGINT (Ctrl-C), SIGTERM and SIGHUP, and when the parent process ends: a killed parent sends no
 * signal. npm starts the program through a shell, which outlives npm. So npm is checked too.
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
