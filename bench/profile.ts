/**
 * A CPU profile of the isolate under load: the functions with their own time.
 * `node bench/profile.ts [token|introspection|agent|verify|jwks|did] [seconds] [connections]`, after
 * `npx wrangler deploy --dry-run --outdir dist --no-minify` for readable names.
 */
import { freePort } from "./child.ts";
import { run } from "./load.ts";
import { everydayCalls } from "./questions/endpoints.ts";
import { agentScope, startService, tokenRequest } from "./service.ts";

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A connection to the inspector of workerd (Chrome DevTools Protocol). */
async function inspect(port: number) {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? "");
  const waiting = new Map<number, (value: never) => void>();
  let lastId = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: never };
    waiting.get(id)?.(result);
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return <T>(method: string, params: object = {}) =>
    new Promise<T>((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve as (value: never) => void);
      socket.send(JSON.stringify({ id, method, params }));
    });
}

/** The functions with their share of the samples, without their callees. */
function ownTime({ nodes, samples, timeDeltas }: Profile): [name: string, share: number][] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, sample] of samples.entries()) {
    const { functionName = "", lineNumber = 0 } = byId.get(sample)?.callFrame ?? {};
    const name = `${functionName || "(anonymous)"}:${lineNumber}`;
    const took = timeDeltas[index] ?? 0;
    times.set(name, (times.get(name) ?? 0) + took);
    total += took;
  }
  return [...times].map(([name, took]) => [name, took / total] as [string, number]).sort((a, b) => b[1] - a[1]);
}

/** The calls by their names on the command line. */
const names: Readonly<Record<string, string>> = {
  token: "token by secret",
  introspection: "introspection",
  agent: "GET /agents/{id}",
  verify: "delegation verify",
  jwks: "JWKS",
  did: "DID document",
};

const [what = "token", seconds = "5", connections = "32"] = process.argv.slice(2);
const inspectorPort = await freePort();
const service = await startService({ which: "service", inspectorPort });
const calls = [
  { name: "token by secret", request: tokenRequest(service.agent, agentScope) },
  ...(await everydayCalls(service)),
];
const call = calls.find(({ name }) => name === names[what]);
if (!call) throw new Error(`no call "${what}"; there are: ${Object.keys(names).join(", ")}`);
const load = { origin: service.origin, request: call.request, connections: Number(connections) };
await run({ ...load, until: { seconds: Number(seconds) } });
const command = await inspect(inspectorPort);
await command("Profiler.enable");
await command("Profiler.setSamplingInterval", { interval: 200 });
await command("Profiler.start");
const figures = await run({ ...load, until: { seconds: Number(seconds) } });
const { profile } = await command<{ profile: Profile }>("Profiler.stop");
console.log(figures);
for (const [name, share] of ownTime(profile).slice(0, 60)) {
  console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
}
await service.stop();
process.exit();
