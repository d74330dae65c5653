/** A proxy before the service that records what libraries send, and fails where a scenario says so. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./scenario.ts";

export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FaultProxy {
  readonly server: Server;
  readonly recorded: () => readonly Recorded[];
  /** Forgets what was recorded, and fails from now on where these say so. */
  readonly begin: (faults: readonly Fault[]) => void;
}

const fits = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]+")}$`).test(path);

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Passed {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export function newProxy(servicePort: number): FaultProxy {
  let recorded: Recorded[] = [];
  let faults: readonly Fault[] = [];
  let counts = new Map<Fault, number>();

  /** Counts the request for every fault that it fits, and takes the first one whose turn it is. */
  function faultOf(method: string, path: string): Fault | undefined {
    const fitting = faults.filter(({ when }) => when.method === method && fits(when.path, path));
    for (const fault of fitting) counts.set(fault, (counts.get(fault) ?? 0) + 1);
    return fitting.find((fault) => fault.when.nth === undefined || counts.get(fault) === fault.when.nth);
  }

  function pass(incoming: IncomingMessage, body: Buffer): Promise<Passed> {
    return new Promise((resolve, reject) => {
      const { method, url, headers } = incoming;
      const options = { host: "127.0.0.1", port: servicePort, method, path: url, headers };
      const outgoing = request(options, (answer) => {
        bodyOf(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
          reject,
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    const { method = "", headers } = incoming;
    const [path = "", query = ""] = (incoming.url ?? "").split("?");
    recorded.push({ method, path, query, headers, body: body.toString() });
    const action = faultOf(method, path)?.do;
    if (typeof action === "object" && "status" in action) {
      const text = typeof action.body === "string" ? action.body : JSON.stringify(action.body ?? {});
      response.writeHead(action.status, { "content-type": "application/json", ...action.headers }).end(text);
      return;
    }
    if (typeof action === "object") await sleep(action.delayMs);
    const passed = await pass(incoming, body);
    if (action === "reset") {
      incoming.socket.destroy();
      return;
    }
    const { "transfer-encoding": _, connection: __, ...kept } = passed.headers;
    response.writeHead(passed.status, { ...kept, "content-length": passed.body.byteLength });
    if (action === "truncate") {
      response.write(passed.body.subarray(0, passed.body.byteLength / 2), () => incoming.socket.destroy());
      return;
    }
    response.end(passed.body);
  }

  const server = createServer((incoming, response) => {
    // A client that goes away is a part of some scenarios.
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  return {
    server,
    recorded: () => recorded,
    begin: (next) => {
      recorded = [];
      faults = next;
      counts = new Map();
    },
  };
}
