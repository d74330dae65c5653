/**
 * Runs a command in its own process group and ends the group when standard input closes. It closes however the parent ends,
 * also by `kill -9`, so no runtime that the command started outlives the parent.
 */
import { spawn } from "node:child_process";

const graceMs = 3000;
const [program, ...parameters] = process.argv.slice(2);
if (program === undefined) throw new Error("usage: guard.ts <program> [parameter...]");

const command = spawn(program, parameters, { stdio: ["ignore", "inherit", "inherit"] });

/** The guard leads the group, so this ends the guard too. */
const killGroup = () => process.kill(-process.pid, "SIGKILL");

let ending = false;
function endGroup(): void {
  if (ending) return;
  ending = true;
  process.kill(-process.pid, "SIGTERM");
  setTimeout(killGroup, graceMs);
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, endGroup);
process.stdin.on("close", endGroup).resume();
command.on("error", killGroup);
command.on("exit", killGroup);
