/** Runs the servers of the bench as child processes, so that no two share a thread. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const startTimeoutMs = 120_000;

/** The reply of a child to a call. The id 0 means that it listens. */
export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
}

export interface Child {
  readonly pid: number;
  /** The output so far. */
  log(): string;
  /** Calls a function of the child, see {@link offer}. */
  call<T>(name: string, ...parameters: readonly unknown[]): Promise<T>;
  /** Ends the child and the processes that it started. */
  stop(): Promise<void>;
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, "127.0.0.1", resolve);
  await listening;
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  await new Promise((closed) => server.close(closed));
  return port;
}

/**
 * Starts a program of this folder and waits until it listens.
 *
 * @param program such as `peers/oidc-provider.ts`
 * @param settings passed as JSON, see {@link settingsOf}
 */
export async function startChild(program: string, settings: object): Promise<Child> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, program), JSON.stringify(settings)], {
    env: {
      ...process.env,
      NODE_ENV: "production",
      NODE_OPTIONS: "",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let printed = "";
  const keep = (chunk: Buffer) => {
    printed = `${printed}${chunk}`.slice(-20_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);

  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const expectReply = (id: number) => {
    const reply = Promise.withResolvers<unknown>();
    waiting.set(id, reply);
    return reply.promise;
  };
  child.on("message", ({ id, value, error }: Reply) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(value);
    else caller?.reject(new Error(`${program}: ${error}\n${printed}`));
  });
  const ended = new Promise<void>((resolve) => {
    child.on("exit", () => {
      for (const { reject } of waiting.values()) reject(new Error(`${program} has ended.\n${printed}`));
      waiting.clear();
      resolve();
    });
  });

  const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  await expectReply(0).finally(() => clearTimeout(timer));
  let lastId = 0;
  return {
    pid: child.pid ?? 0,
    log: () => printed,
    call: <T>(name: string, ...parameters: readonly unknown[]) => {
      const id = ++lastId;
      child.send({ id, name, parameters } satisfies Call);
      return expectReply(id) as Promise<T>;
    },
    stop: async () => {
      child.disconnect();
      await ended;
    },
  };
}

/** In the child: its settings. */
export const settingsOf = <Settings>(): Settings => JSON.parse(process.argv[2] ?? "{}") as Settings;

/** In the child: reports that it listens, answers calls, and ends after its parent. `end` runs before that. */
export function offer(
  functions: Readonly<Record<string, (...parameters: never[]) => unknown>>,
  end: () => Promise<unknown>,
): void {
  const reply = (message: Reply) => process.send?.(message);
  process.on("disconnect", () => {
    end().finally(() => process.exit(0));
  });
  process.on("message", async ({ id, name, parameters }: Call) => {
    try {
      const called = functions[name];
      if (!called) throw new Error(`no function ${name}`);
      reply({ id, value: (await called(...(parameters as never[]))) ?? null });
    } catch (error) {
      reply({ id, error: String(error) });
    }
  });
  reply({ id: 0, value: null });
}
