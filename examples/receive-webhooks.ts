/**
 * A receiver of webhooks: it subscribes, verifies each delivery (Standard Webhooks), and refuses a forged one.
 *
 * Settings: AGENTIDP_API_URL, AGENTIDP_CLIENT_ID, AGENTIDP_CLIENT_SECRET of an agent with `webhooks:write`; PORT (8790). A
 * deployed service sends only to public https addresses: RECEIVER_URL is the one that leads to this port.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { setting } from "./settings.ts";
import { call, signIn } from "./sign-in-and-call.ts";

const port = Number(setting("PORT", "8790"));
const url = setting("RECEIVER_URL", `http://localhost:${port}/`);

const clientId = setting("AGENTIDP_CLIENT_ID");
const session = await signIn(clientId, setting("AGENTIDP_CLIENT_SECRET"), "webhooks:read webhooks:write");
const { id, signingSecret } = await call<{ id: string; signingSecret: string }>(session, "POST", "/api/v1/webhooks", {
  name: "Example",
  url,
  events: ["agent.created"],
});
console.log("Subscribed to agent.created.");

const webhook = new Webhook(signingSecret);
/** A delivery can arrive more than once. A real receiver stores the ids in its database. */
const seen = new Set<string>();

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    // Verify the received bytes: a body that was parsed and serialized again can have another signature.
    const event = webhook.verify(Buffer.concat(chunks), request.headers as Record<string, string>);
    const { id: eventId, event: name } = event as { readonly id: string; readonly event: string };
    if (!seen.has(eventId)) console.log(`Received ${name}.`);
    seen.add(eventId);
    // Answer first, within ten seconds; do the work afterwards.
    response.writeHead(204).end();
  } catch {
    console.log("Refused a delivery: its signature is wrong.");
    response.writeHead(401).end();
  }
});
server.listen(port, "localhost");
await once(server, "listening");

try {
  const delivery = await call<{ status: string }>(session, "POST", `/api/v1/webhooks/${id}/test`);
  console.log(`Status of the test delivery: ${delivery.status}.`);

  const headers = {
    "webhook-id": "evt_1",
    "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`,
    "webhook-signature": "v1,AA==",
  };
  const { status } = await fetch(`http://localhost:${port}/`, { method: "POST", headers, body: "{}" });
  console.log(`The forged delivery is answered ${status}.`);
} finally {
  await call(session, "DELETE", `/api/v1/webhooks/${id}`);
  server.closeAllConnections();
  server.close();
}
console.log("The webhook is deleted.");
