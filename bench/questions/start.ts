/** How long does a cold start take, and how large is the bundle? */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleSize } from "../../scripts/built-worker.ts";
import type { Question } from "../question.ts";
import { median } from "../rounds.ts";
import { agentScope, type Client, send, startService, startWorkerd, tokenRequest } from "../service.ts";
import { kibibytes, milliseconds } from "../table.ts";

/** Milliseconds. */
interface Start {
  /** From the start of workerd until it listens; the top level of the modules has run by then. */
  readonly ready: number;
  /** The first token after that, with an unused isolate, ledger and keys. */
  readonly firstToken: number;
  readonly secondToken: number;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function coldService(directory: string, client: Client): Promise<Start> {
  const { origin, call, stop } = await startWorkerd({ which: "service", directory });
  const token = () => timed(() => send(origin, tokenRequest(client, agentScope)));
  const start = { ready: await call<number>("readyMs"), firstToken: await token(), secondToken: await token() };
  await stop();
  return start;
}

async function coldFloor(): Promise<Start> {
  const { origin, call, stop } = await startWorkerd({ which: "floor" });
  const token = () => timed(() => send(origin, { method: "GET", path: "/sign" }));
  const start = { ready: await call<number>("readyMs"), firstToken: await token(), secondToken: await token() };
  await stop();
  return start;
}

export const start: Question = {
  name: "start",
  answer: async ({ plan, progress }) => {
    const directory = await mkdtemp(join(tmpdir(), "agentidp-bench-"));
    const service = await startService({ which: "service", directory });
    const { agent } = service;
    await service.stop();
    const ours: Start[] = [];
    const floors: Start[] = [];
    while (ours.length < plan.starts) {
      const [mine, floor] = [await coldService(directory, agent), await coldFloor()];
      ours.push(mine);
      floors.push(floor);
      const ready = `${milliseconds(mine.ready)} ms (floor ${milliseconds(floor.ready)} ms)`;
      const first = `first token ${milliseconds(mine.firstToken)} ms`;
      progress(`start ${ours.length} of ${plan.starts}: ready after ${ready}, ${first}`);
    }
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    const size = bundleSize();
    const row = (what: string, of: (one: Start) => number) => {
      return [what, milliseconds(median(ours.map(of))), milliseconds(median(floors.map(of)))];
    };
    const loading = median(ours.map(({ ready }, round) => ready - (floors[round]?.ready ?? Number.NaN)));
    return {
      tables: [
        {
          name: "start",
          title: "From nothing to the first token",
          columns: ["what", "service ms", "floor ms"],
          rows: [
            row("workerd listens", ({ ready }) => ready),
            ["of that, for this Worker and not the floor", milliseconds(loading), ""],
            row("first token", ({ firstToken }) => firstToken),
            row("second token", ({ secondToken }) => secondToken),
          ],
        },
        {
          name: "size",
          title: "The bundle",
          columns: ["what", "KiB"],
          rows: [
            ["as it is loaded", kibibytes(size.rawBytes)],
            ["compressed", kibibytes(size.gzipBytes)],
          ],
        },
      ],
      measured: { ours, floors, size },
    };
  },
};
