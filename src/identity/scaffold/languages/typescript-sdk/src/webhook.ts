/** `npm run webhook`: receives webhooks, prints those with a valid signature and refuses all others. */
import { createServer, type IncomingMessage } from "node:http";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";
import { receive } from "./receive.js";
import { run } from "./run.js";
import { Advice, optional, required } from "./settings.js";

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

await run(async () => {
  const webhook = new Webhook(required("WEBHOOK_SECRET"));
  const port = Number(optional("PORT") ?? "8790");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Advice("PORT must be a number up to 65535.");

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request).catch(() => null);
    if (body === null) {
      response.writeHead(413, { Connection: "close" }).end();
      return;
    }
    // Answer within ten seconds, and do long work afterwards: a late answer counts as none.
    response.writeHead(await receive(webhook, body, request.headers)).end();
  });
  server.on("error", ({ message }) => {
    console.error(`The receiver cannot listen on port ${port}: ${message}. Set another PORT in .env.`);
    process.exitCode = 1;
  });
  server.listen(port, () => console.log(`Receiving webhooks on port ${port}. Ctrl-C ends.`));
});
