/** The programs of examples/, each as a process of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";

export const examplesFolder = join(import.meta.dirname, "..", "..", "examples");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function begin(name: string, settings: Record<string, string>) {
  const child = spawn(process.execPath, [join(examplesFolder, name)], {
    env: settings,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (text.out += chunk));
  child.stderr.on("data", (chunk) => (text.err += chunk));
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, ...text })));
  return { child, ended, text };
}

/** Runs a program to its end, with these settings as its whole environment. */
export const runExample = (name: string, settings: Record<string, string>): Promise<Ended> =>
  begin(name, settings).ended;

/** Starts a program that serves, and waits for the line that it prints then. Returns what ends it. */
export async function serveExample(
  name: string,
  settings: Record<string, string>,
  line: string,
): Promise<() => Promise<Ended>> {
  const { child, ended, text } = begin(name, settings);
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", () => text.out.includes(`${line}\n`) && resolve());
    ended.then(({ err }) => reject(new Error(`${name} ended before it served.\n${err}`)));
  });
  return () => {
    child.kill();
    return ended;
  };
}
