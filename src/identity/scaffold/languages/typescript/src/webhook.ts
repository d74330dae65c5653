/** `npm run webhook`: receives webhooks, prints those with a valid signature and refuses all others. */
import { createServer, type IncomingMessage } from "node:http";
import { run } from "./run.js";
import { Advice, optional, required } from "./settings.js";
import { keyOf, refusalOf } from "./signature.js";

const longestBody = 256 * 1024;

/** The received bytes; null when there are more than any webhook has. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestBody) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A delivery can come more than once. A receiver that must not act twice keeps these ids in its database. */
const seen = new Set<string>();

function receive(body: Buffer): void {
  const { id, event, data } = JSON.parse(body.toString()) as { id: string; event: string; data: unknown };
  if (!seen.has(id)) console.log(event, JSON.stringify(data));
  seen.add(id);
}

await run(async () => {
  const key = keyOf(required("WEBHOOK_SECRET"));
  const port = Number(optional("PORT") ?? "8790");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Advice("PORT must be a number up to 65535.");

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request).catch(() => null);
    if (body === null) {
      response.writeHead(413, { Connection: "close" }).end();
      return;
    }
    const header = (name: string) => String(request.headers[name] ?? "");
    const headers = {
      id: header("webhook-id"),
      timestamp: header("webhook-timestamp"),
      signature: header("webhook-signature"),
    };
    const refusal = refusalOf(key, headers, body, Math.floor(Date.now() / 1000));
    if (refusal !== null) console.error(`Refused a delivery: ${refusal}.`);
    // Answer within ten seconds, and do long work afterwards: a late answer counts as none.
    response.writeHead(refusal === null ? 204 : 401).end();
    if (refusal === null) receive(body);
  });
  server.on("error", ({ message }) => {
    console.error(`The receiver cannot listen on port ${port}: ${message}. Set another PORT in .env.`);
    process.exitCode = 1;
  });
  server.listen(port, () => console.log(`Receiving webhooks on port ${port}. Ctrl-C ends.`));
});
