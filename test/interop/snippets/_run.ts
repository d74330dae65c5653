/** Runs the blocks of a page as they are printed, in a folder that looks like a clone: shell blocks and servers. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { atPorts } from "../../../scripts/docs/pages.ts";
import { freePort } from "../../../scripts/port.ts";
import { root } from "../../house/_source.ts";
import type { Ended } from "../../support/example-process.ts";
import { type Block, blocksOf, fileNameOf } from "./_blocks.ts";

export interface Folder {
  readonly path: string;
  /** The environment of what runs there. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/**
 * A clone without data, with what the commands of the docs use of it, and `.local`.
 *
 * @param settings variables for what runs there
 * @param certificate trusted by Node, curl, Python and Go there
 */
export async function newFolder(settings: Readonly<Record<string, string>>, certificate: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "agentidp-docs-"));
  await mkdir(join(path, ".local"));
  for (const name of ["node_modules", "docs", "examples", "scripts", "package.json"]) {
    await symlink(join(root, name), join(path, name));
  }
  const trusted = join(path, ".local", "ca.pem");
  await writeFile(trusted, certificate);
  return {
    path,
    environment: {
      ...(process.env as Record<string, string>),
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_OPTIONS: "",
      NODE_EXTRA_CA_CERTS: trusted,
      CURL_CA_BUNDLE: trusted,
      SSL_CERT_FILE: trusted,
      ...settings,
    },
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Starts a program in a process group of its own. */
function begin(folder: Folder, command: string, parameters: readonly string[], more: Record<string, string> = {}) {
  const child: ChildProcess = spawn(command, parameters, {
    cwd: folder.path,
    env: { ...folder.environment, ...more },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const text = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => (text.out += chunk));
  child.stderr?.on("data", (chunk) => (text.err += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...text }));
  });
  const end = async () => {
    if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
    await ended;
  };
  return { child, ended, end, text };
}

/** Runs shell commands to their end. */
export async function runShell(folder: Folder, code: string, variables: Record<string, string> = {}): Promise<Ended> {
  const { child, ended } = begin(folder, "sh", ["-s"], variables);
  child.stdin?.end(code);
  return ended;
}

/** Writes the files that the blocks of a page are, with its server at this port. */
export async function writeFilesOf(folder: Folder, page: string, port: number): Promise<void> {
  for (const block of blocksOf(page)) {
    const name = fileNameOf(block);
    if (name !== null) await writeFile(join(folder.path, name), atPorts(block.code, [port]));
  }
}

const python = process.env.PYTHON ?? "python3";
const run = promisify(execFile);

/** How the servers of a language start, and what a machine needs for them. */
interface Language {
  /** Fails where the machine lacks the language, or the packages that the page names. */
  prepare?(folder: Folder, code: string): Promise<unknown>;
  build?(folder: Folder): Promise<unknown>;
  command(name: string): readonly [string, ...string[]];
}

const node: Language = { command: (name) => [process.execPath, name] };

/** Go takes modules from its cache alone: a test loads nothing from elsewhere. */
async function go(folder: Folder, ...parameters: readonly string[]): Promise<void> {
  const { stdout: cache } = await run("go", ["env", "GOMODCACHE"]);
  const proxy = { GOPROXY: `file://${cache.trim()}/cache/download`, GONOSUMDB: "*", GOTOOLCHAIN: "local" };
  await run("go", [...parameters], { cwd: folder.path, env: { ...folder.environment, ...proxy, GOFLAGS: "-mod=mod" } });
}

const languages: Readonly<Record<string, Language>> = {
  js: node,
  ts: node,
  python: {
    prepare: (_, code) => {
      const modules = [...code.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name]) => name);
      return run(python, ["-c", `import ${modules.join(", ")}`]);
    },
    command: (name) => [python, name],
  },
  go: {
    prepare: async (folder, code) => {
      const modules = [...code.matchAll(/^\t"([\w-]+\.\w+\/[^"]+)"$/gm)].map(([, name = ""]) => name);
      await go(folder, "mod", "init", "example.com/api");
      await go(folder, "get", ...modules);
    },
    build: (folder) => go(folder, "build", "-o", "api", "."),
    command: () => ["./api"],
  },
};

export interface Server {
  /** Sends GET to the path of the docs. */
  get(authorization: string | null): Promise<Response>;
  stop(): Promise<void>;
}

/**
 * Starts a server block beside the other files of its page, and waits until it answers. On a machine without its language or
 * its packages it returns what is missing.
 */
export async function startServer(folder: Folder, block: Block): Promise<Server | { readonly missing: string }> {
  const language = languages[block.language];
  const name = fileNameOf(block);
  if (!language || name === null) throw new Error(`Name the file in the first line of ${block.page}:${block.line}.`);
  const port = await freePort();
  await writeFilesOf(folder, block.page, port);
  try {
    await language.prepare?.(folder, block.code);
  } catch (error) {
    return { missing: String(error) };
  }
  await language.build?.(folder);
  const [command, ...parameters] = language.command(name);
  const server = begin(folder, command, parameters);
  const get = (authorization: string | null) =>
    fetch(`http://localhost:${port}/resumes`, {
      headers: authorization === null ? {} : { Authorization: authorization },
    });
  while (
    await get(null).then(
      () => false,
      () => true,
    )
  ) {
    if (server.child.exitCode !== null) throw new Error(`${block.page}:${block.line} ended.\n${server.text.err}`);
    await sleep(50);
  }
  return { get, stop: server.end };
}
