/** What runners call: begin a scenario, act as another caller, read what was sent. Plain HTTP with JSON, for every language. */
import { createServer, type Server } from "node:http";
import { actOn, type Client, type Fixtures, newAgent } from "./fixtures.ts";
import type { FaultProxy } from "./proxy.ts";
import type { Scenario } from "./scenario.ts";

type Organization = Pick<Fixtures, "admin" | "organizationId">;

/** The token that was sent last, for the action that revokes it. */
function lastToken(proxy: FaultProxy): string {
  const sent = proxy.recorded().findLast(({ headers }) => /^(Bearer|DPoP) /.test(headers.authorization ?? ""));
  return sent?.headers.authorization?.split(" ")[1] ?? "";
}

/** @param service the URL past the proxy */
export function newSuite(service: string, proxy: FaultProxy, organization: Organization, operator: Client): Server {
  const { admin } = organization;

  async function begin({ given = [], faults = [], as, credentials }: Scenario): Promise<unknown> {
    const names = new Set<string>(given);
    if (as === "agent") names.add(credentials === "privateKey" ? "keyAgent" : "agent");
    const agents: Record<string, unknown> = {};
    for (const name of names) agents[name] = await newAgent(service, admin, name === "keyAgent");
    proxy.begin(faults);
    return { ...organization, ...agents };
  }

  async function answer(path: string, body: unknown): Promise<unknown> {
    switch (path) {
      case "/begin":
        return begin(body as Scenario);
      case "/recorded":
        return proxy.recorded();
      case "/act": {
        const { do: action, ...target } = body as Record<string, string>;
        return actOn(service, { admin, operator }, action ?? "", { ...target, token: lastToken(proxy) });
      }
      default:
        throw new Error(`The suite has no ${path}.`);
    }
  }

  return createServer(async (incoming, response) => {
    try {
      let text = "";
      for await (const chunk of incoming) text += chunk;
      const value = await answer(incoming.url ?? "", text === "" ? null : JSON.parse(text));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" }).end(String(error));
    }
  });
}
