/** Servers of others, as a test wants them: real HTTP on this machine. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface StandIn {
  readonly origin: string;
  /** The paths that were asked for, in order. */
  readonly requests: string[];
  /** Answers from now on. */
  handler: Handler;
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startStandIn(handler: Handler): Promise<StandIn> {
  const server = createServer((request, response) => {
    standIn.requests.push(request.url ?? "");
    standIn.handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const standIn: StandIn = {
    origin: `http://127.0.0.1:${port}`,
    requests: [],
    handler,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return standIn;
}

/** Answers with JSON. */
export const json =
  (value: unknown, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(200, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };

/** Answers by path; 404 for all others. */
export const byPath =
  (handlers: Record<string, Handler>): Handler =>
  (request, response) => {
    const handler = handlers[(request.url ?? "").split("?")[0] ?? ""];
    if (handler) handler(request, response);
    else response.writeHead(404).end("<!doctype html><title>Not found</title>");
  };
