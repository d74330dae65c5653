/** A DNS-over-HTTPS resolver on this machine, which has the TXT records that a test publishes (the JSON form that the service asks for). */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Resolver {
  readonly url: string;
  publish(name: string, value: string): void;
  close(): Promise<void>;
}

export async function startResolver(): Promise<Resolver> {
  const records = new Map<string, string>();
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").searchParams.get("name") ?? "";
    const value = records.get(name);
    const Answer = value === undefined ? [] : [{ name, type: 16, data: `"${value}"` }];
    response.writeHead(200, { "Content-Type": "application/dns-json" });
    response.end(JSON.stringify({ Status: value === undefined ? 3 : 0, Answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dns-query`,
    publish: (name, value) => void records.set(name, value),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
