/** The blocks of pages as one shell script, and a program that runs it and says where it is. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { atPorts, type Block } from "./pages.ts";

/** A script of these blocks, in this order, in one shell. Before each block it writes `page:line` to file descriptor 3. */
export function scriptOf(blocks: readonly Block[], ports: readonly number[]): string {
  return blocks
    .map(({ page, line, code }) => `printf '%s\\n' '${page}:${line}' >&3\n${atPorts(code, ports)}`)
    .join("\n");
}

/** How a script ended. */
export interface Run {
  readonly code: number | null;
  /** `page:line` of the block that ran last; empty before the first. */
  readonly at: string;
  /** What the commands printed, to both outputs, in the order of its arrival. */
  readonly text: string;
}

function end(child: ChildProcess): void {
  try {
    if (child.pid) process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing of the group runs any more.
  }
}

/**
 * Runs a script of {@link scriptOf} in a shell that stops at the first command that fails. What the script leaves in the
 * background ends with it.
 *
 * @param reach is called with `page:line` when a block begins
 */
export async function runScript(
  script: string,
  { cwd, env, signal }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
  reach: (at: string) => void = () => undefined,
): Promise<Run> {
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let text = "";
  let at = "";
  for (const output of [child.stdout, child.stderr]) output?.on("data", (chunk: Buffer) => (text += chunk));
  createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
    at = line;
    reach(line);
  });
  const stop = () => end(child);
  signal?.addEventListener("abort", stop);
  const closed = once(child, "close");
  // "close" alone can wait for ever: what runs in the background keeps the outputs open.
  const [code] = (await once(child, "exit")) as [number | null];
  signal?.removeEventListener("abort", stop);
  end(child);
  await closed;
  return { code, at, text };
}
