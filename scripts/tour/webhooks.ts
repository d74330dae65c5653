/** Webhooks: a receiver on this machine is told of what happens, and checks that it was the service who said so. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { type Conversation, type Credentials, demand, type Fields, textAt } from "./conversation.ts";
import type { Step } from "./main-flow.ts";

const arrivalTimeoutMs = 30_000;

/** A receiver here can be reached, and is let be one, by a Worker on this machine only. */
const isHere = (url: string) => ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);

/** The steps, in order; each builds on those before it. None where the Worker runs elsewhere. */
export function webhooks({ url, ask, say }: Conversation, admin: Credentials): readonly Step[] {
  if (!isHere(url)) return [];
  const visit = randomUUID().slice(0, 8);
  const receiver = createServer();
  let adminToken = "";
  let webhookId = "";
  let signingSecret = "";
  let agentId = "";

  return [
    {
      title: "Subscribe a receiver on this machine to new agents; the secret that signs is shown this once",
      run: async () => {
        await once(receiver.listen(0, "localhost"), "listening");
        const { port } = receiver.address() as AddressInfo;
        const form = { grant_type: "client_credentials" };
        adminToken = textAt(await ask("/api/v1/token", 200, { basic: admin, form }), "access_token");
        const json = { name: "The tour", url: `http://localhost:${port}/`, events: ["agent.created"] };
        const webhook = await ask("/api/v1/webhooks", 201, { token: adminToken, json });
        webhookId = textAt(webhook, "id");
        signingSecret = textAt(webhook, "signingSecret");
      },
    },
    {
      title: "Register an agent: the receiver is told, and the signature is right (Standard Webhooks)",
      run: async () => {
        const arrival = once(receiver, "request", { signal: AbortSignal.timeout(arrivalTimeoutMs) });
        const json = {
          email: `announced-${visit}@tour.example`,
          agentType: "monitor",
          version: "1.0.0",
          capabilities: ["health:read"],
          owner: "talent-team",
          deploymentEnv: "development",
        };
        agentId = textAt(await ask("/api/v1/agents", 201, { token: adminToken, json }), "agentId");
        const [request, response] = (await arrival) as [IncomingMessage, ServerResponse];
        const headers = request.headers as Record<string, string>;
        const event = new Webhook(signingSecret).verify(await text(request), headers) as Fields;
        response.writeHead(204).end();
        say(`The receiver got ${JSON.stringify(event, null, 2).replaceAll("\n", "\n    ")}`);
        demand(event.event === "agent.created", "The event should be agent.created.");
        demand(textAt(event, "data.agentId") === agentId, "The event should be about the agent.");
      },
    },
    {
      title: "Clear up",
      run: async () => {
        await ask(`/api/v1/webhooks/${webhookId}`, 204, { method: "DELETE", token: adminToken });
        await ask(`/api/v1/agents/${agentId}`, 204, { method: "DELETE", token: adminToken });
        receiver.close();
      },
    },
  ];
}
