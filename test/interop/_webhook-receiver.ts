/** A receiver of webhooks, as a tenant runs one: real HTTP on this machine, and as badly behaved as a test wants it. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
  /** When it was answered or broken off; null while neither has happened. */
  endedAtMs: number | null;
}

/** Answers a delivery, or does not. */
export type Behavior = (response: ServerResponse, request: IncomingMessage, received: Received) => void;

export interface Receiver {
  readonly url: string;
  /** Everything that came, in order. */
  readonly received: Received[];
  /** How it behaves from now on. */
  behave: Behavior;
  /** The ids of the events that came, each once. */
  eventIds(): Set<string>;
  close(): Promise<void>;
}

/** 204, at once. */
export const accept: Behavior = (response) => void response.writeHead(204).end();

/** Some status, with some headers. */
export const status =
  (code: number, headers: Record<string, string> = {}): Behavior =>
  (response) =>
    void response.writeHead(code, headers).end("no");

/** Never answers. */
export const silence: Behavior = () => undefined;

/** Closes the connection without an answer. */
export const reset: Behavior = (_, request) => void request.socket.resetAndDestroy();

/** 204 after a while. */
export const after =
  (ms: number): Behavior =>
  (response) =>
    void setTimeout(() => response.writeHead(204).end(), ms);

/** 200 with a body that has no end: a byte a second. */
export const drip: Behavior = (response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  const timer = setInterval(() => response.write("."), 1000);
  response.on("close", () => clearInterval(timer));
};

/** A status with ten megabytes. */
export const flood =
  (code: number): Behavior =>
  (response) => {
    response.on("error", () => undefined);
    response.writeHead(code, { "Content-Type": "text/plain" });
    response.end(Buffer.alloc(10_000_000, "x"));
  };

/** Behaves badly so often for each event, then well. */
export function failing(times: number, badly: Behavior): Behavior {
  const seen = new Map<string, number>();
  return (response, request, received) => {
    const id = String(received.headers["webhook-id"]);
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    (count <= times ? badly : accept)(response, request, received);
  };
}

/** Starts a receiver on a free port. */
export async function startReceiver(behave: Behavior = accept): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const received: Received = { headers: request.headers, body, atMs: Date.now(), endedAtMs: null };
      receiver.received.push(received);
      response.on("close", () => {
        received.endedAtMs = Date.now();
      });
      receiver.behave(response, request, received);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    behave,
    eventIds: () => new Set(receiver.received.map(({ headers }) => String(headers["webhook-id"]))),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return receiver;
}
