/**
 * A receiver of webhooks with Node's own server: it verifies the bytes as they came, and answers at once.
 *
 * Settings: WEBHOOK_SECRET, the `signingSecret` of the subscription; PORT (8790).
 */
import { createServer } from "node:http";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? "");
/** An event can arrive more than once. A real receiver keeps the ids in its database. */
const seen = new Set<string>();

createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const event = await webhook.verify(Buffer.concat(chunks), request.headers);
    if (!seen.has(event.id)) console.log(`Received ${event.event}.`);
    seen.add(event.id);
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
}).listen(Number(process.env.PORT ?? 8790), "localhost");
