/** What does a token cost, compared with the minimum and with other servers? */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { freePort, startChild } from "../child.ts";
import type { Request } from "../load.ts";
import type { PeerSettings } from "../peers/settings.ts";
import type { Question } from "../question.ts";
import { interleave, type Subject } from "../rounds.ts";
import {
  agentScope,
  flushEvents,
  formRequest,
  newAgent,
  newAgentKey,
  type Service,
  startService,
  startWorkerd,
  tokenRequest,
} from "../service.ts";
import { turnsTable } from "../table.ts";

/** The assertions of a turn are signed before it, for this many requests a second. */
const mostAssertionsPerSecond = 6_000;

/** Signs in with an agent's own key. Each assertion is for one request, so they are signed before the turn. */
async function byOwnKey(service: Service): Promise<Pick<Subject, "prepare" | "request">> {
  const { privateKey, publicJwk } = await newAgentKey();
  const { agentId } = await newAgent(service.origin, service.organization, "agent-with-key", publicJwk);
  let ready: Request[] = [];
  const sign = async (): Promise<Request> => {
    const now = Math.floor(Date.now() / 1000);
    const assertion = await new SignJWT({ iss: agentId, sub: agentId, aud: service.origin, jti: randomUUID() })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuedAt(now)
      .setExpirationTime(now + 240)
      .sign(privateKey);
    return formRequest(
      "/api/v1/token",
      {},
      {
        grant_type: "client_credentials",
        scope: agentScope,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      },
    );
  };
  return {
    prepare: async (seconds) => {
      ready = [];
      const needed = seconds * mostAssertionsPerSecond;
      while (ready.length < needed) ready.push(...(await Promise.all(Array.from({ length: 500 }, sign))));
    },
    request: () => {
      const request = ready.pop();
      if (!request) throw new Error("more requests than signed assertions");
      return request;
    },
  };
}

const get = (path: string): Request => ({ method: "GET", path });

export const token: Question = {
  name: "token",
  answer: async ({ plan, progress }) => {
    const peer = { clientId: "bench", clientSecret: "a-secret-of-the-bench-0123456789-0123456789", scope: agentScope };
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const [service, floor, ...peers] = await Promise.all([
      startService({ which: "service" }),
      startWorkerd({ which: "floor" }),
      startChild("peers/oidc-provider.ts", { ...peer, port: ports[0] } satisfies PeerSettings),
      startChild("peers/oauth2-server.ts", { ...peer, port: ports[1] } satisfies PeerSettings),
      startChild("peers/oidc-provider.ts", { ...peer, port: ports[2], isDurable: true } satisfies PeerSettings),
    ]);
    const { origin, agent, organization } = service;
    const settled = { origin, settle: () => flushEvents(origin, organization) };
    const ofPeer = (name: string, port: number): Subject => {
      return { name, origin: `http://localhost:${port}`, request: tokenRequest(peer, agentScope, "/token") };
    };
    const subjects: Subject[] = [
      { name: "token by secret", request: tokenRequest(agent, agentScope), ...settled },
      { name: "token by private_key_jwt", ...(await byOwnKey(service)), ...settled },
      { name: "floor", origin: floor.origin, request: get("/sign") },
      { name: "floor with an object call", origin: floor.origin, request: get("/ask-and-sign") },
      { name: "floor with a commit of its own", origin: floor.origin, request: get("/commit-and-sign") },
      { name: "floor with a shared commit", origin: floor.origin, request: get("/share-and-sign") },
      ofPeer("oidc-provider", ports[0]),
      ofPeer("oidc-provider, durable", ports[2]),
      ofPeer("oauth2-server", ports[1]),
    ];
    const turns = await interleave(subjects, plan.connections, plan.pace, progress);
    await Promise.all([service, floor, ...peers].map((child) => child.stop()));
    const against = ["floor", "floor with a shared commit", "oidc-provider", "oidc-provider, durable", "oauth2-server"];
    return { tables: [turnsTable("token", "A token by client credentials", turns, against)], measured: turns };
  },
};
