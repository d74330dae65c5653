/** `npm run webhook:listen`: receives webhooks on this machine. Prints events with a valid signature and refuses all others. */
import { createServer, type IncomingMessage } from "node:http";
import { Webhook } from "standardwebhooks";
import { Advice, giveUp } from "./advice.ts";
import { interruption } from "./interruption.ts";
import { chosenPort } from "./port.ts";

const defaultPort = "8790";
const maxBodyBytes = 256 * 1024;

function chosenWebhook(): Webhook {
  const secret = process.env.WEBHOOK_SECRET ?? "";
  if (/^whsec_[A-Za-z0-9+/]{43}=$/.test(secret)) return new Webhook(secret);
  throw new Advice(
    "WEBHOOK_SECRET must be the signingSecret of the new webhook: whsec_ and 44 characters.\n" +
      "WEBHOOK_SECRET='whsec_…' npm run webhook:listen",
  );
}

/** The raw body; null when it is larger than any from the service. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The event; null unless it was signed with the secret within the last five minutes. */
function verified(webhook: Webhook, body: string, headers: IncomingMessage["headers"]): unknown {
  try {
    return webhook.verify(body, headers as Record<string, string>);
  } catch {
    return null;
  }
}

/** Ids of printed events: a delivery can arrive more than once. */
const printed = new Set<string>();

function startListening(webhook: Webhook, port: number): void {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request).catch(() => null);
    const event = body === null ? null : verified(webhook, body, request.headers);
    if (event === null) {
      console.error(`${new Date().toISOString()}  refused: no valid signature of this webhook`);
      response.writeHead(401).end();
      return;
    }
    const id = String(request.headers["webhook-id"]);
    console.log(
      `${new Date().toISOString()}  ${request.headers["x-sentryagent-event"]}${printed.has(id) ? "  (again)" : ""}`,
    );
    if (!printed.has(id)) console.log(JSON.stringify(event, null, 2));
    printed.add(id);
    response.writeHead(204).end();
  });
  server.on("error", (error: NodeJS.ErrnoException) => {
    const isTaken = error.code === "EADDRINUSE";
    giveUp(isTaken ? new Advice(`Port ${port} is taken: PORT=8791 npm run webhook:listen`) : error);
  });
  server.listen(port, "localhost", () =>
    console.log(`Listening for webhooks at http://localhost:${port}/ (Ctrl-C ends)`),
  );
}

interruption().addEventListener("abort", () => process.exit(0));
try {
  startListening(chosenWebhook(), chosenPort(process.env.PORT || defaultPort));
} catch (error) {
  giveUp(error);
}
