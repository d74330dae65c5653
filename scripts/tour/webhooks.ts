/** Webhooks: a receiver on this machine gets an event and verifies its signature. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { type Conversation, type Credentials, demand, type Fields, type Steps, textAt } from "./conversation.ts";

const arrivalTimeoutMs = 30_000;

/** Only a Worker on this machine can reach and may call the receiver. */
const isHere = (url: string) => ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);

/** The steps, in order; each builds on those before it. None for a Worker on another machine. */
export function webhooks({ url, send, signIn, register, say }: Conversation, admin: Credentials): Steps {
  if (!isHere(url)) return {};
  const receiver = createServer();
  let adminToken = "";
  let webhookId = "";
  let signingSecret = "";
  let agentId = "";

  return {
    "Subscribe a receiver on this machine to new agents; the signing secret is shown only once": async () => {
      await once(receiver.listen(0, "localhost"), "listening");
      const { port } = receiver.address() as AddressInfo;
      adminToken = await signIn(admin, "agents:write webhooks:read webhooks:write admin:orgs");
      const json = { name: "The tour", url: `http://localhost:${port}/`, events: ["agent.created"] };
      const webhook = await send("/api/v1/webhooks", 201, { token: adminToken, json });
      webhookId = textAt(webhook, "id");
      signingSecret = textAt(webhook, "signingSecret");
    },
    "Register an agent: the receiver gets the event, with a valid signature (Standard Webhooks)": async () => {
      const arrival = once(receiver, "request", { signal: AbortSignal.timeout(arrivalTimeoutMs) });
      agentId = await register(adminToken, "announced");
      const [request, response] = (await arrival) as [IncomingMessage, ServerResponse];
      const headers = request.headers as Record<string, string>;
      const event = new Webhook(signingSecret).verify(await text(request), headers) as Fields;
      response.writeHead(204).end();
      say(`The receiver got ${JSON.stringify(event, null, 2).replaceAll("\n", "\n    ")}`);
      demand(event.event === "agent.created", "The event should be agent.created.");
      demand(textAt(event, "data.agentId") === agentId, "The event should be about the agent.");
    },
    "Clean up": async () => {
      await send(`/api/v1/webhooks/${webhookId}`, 204, { method: "DELETE", token: adminToken });
      await send(`/api/v1/agents/${agentId}`, 204, { method: "DELETE", token: adminToken });
      receiver.close();
    },
  };
}
