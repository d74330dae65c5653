/** Two instances count for themselves, and one page has what both have counted, also after they were killed. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { send } from "../../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../../support/worker-process.ts";

const token = "a-metrics-token-for-the-tests-only-0123456789";

let worker: WorkerProcess;
beforeAll(async () => {
  worker = await newWorkerProcess({ METRICS_TOKEN: token });
  await worker.start();
});
afterAll(() => worker?.stop());

/** What the page of one instance says of an unknown path, which nothing else asks for. */
async function counted(origin: string): Promise<number> {
  const { status, text } = await send(origin, "/metrics", { token });
  expect(status, text).toBe(200);
  const [, count = 0] =
    /^agentidp_http_requests_total\{method="GET",route="unmatched",status="404"\} (\d+)$/m.exec(text) ?? [];
  return Number(count);
}

const ask = (origin: string, times: number) =>
  Promise.all(Array.from({ length: times }, (_, n) => send(origin, `/nowhere/${n}`)));

it("adds up both instances exactly, whichever is scraped, and goes on after a SIGKILL", async () => {
  const [first, second] = worker.instances;
  await Promise.all([ask(first, 30), ask(second, 12)]);
  await expect.poll(() => counted(first), { timeout: 10_000 }).toBe(42);
  await expect.poll(() => counted(second), { timeout: 10_000 }).toBe(42);
  await worker.kill();
  await worker.start();
  expect(await counted(second)).toBe(42);
  await ask(first, 8);
  await expect.poll(() => counted(second), { timeout: 10_000 }).toBe(50);
});

it("is read by nobody without METRICS_TOKEN, over real HTTP too", async () => {
  for (const path of ["/metrics", "/health/detailed"]) {
    expect((await send(worker.issuer, path)).status).toBe(401);
    expect((await send(worker.issuer, path, { token })).status).toBe(200);
  }
});
