/**
 * Runs a command in a process group of its own and ends the whole group when its standard input closes. That happens
 * however the program that started it ends, `kill -9` included, so the runtimes that the command spawns never outlive it.
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
