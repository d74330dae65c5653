/** Proof of possession (RFC 9449) as openid-client speaks it, and replay across instances of the Worker. */
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, type AgentClient, newClient, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let operator: Admin;
let agent: AgentClient;
let config: openid.Configuration;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  operator = await setUp(worker.issuer);
  agent = await newClient(worker.issuer, operator.token);
  const authentication = openid.ClientSecretBasic(agent.clientSecret);
  config = await openid.discovery(new URL(worker.issuer), agent.agentId, undefined, authentication, {
    execute: [openid.allowInsecureRequests],
  });
});

afterAll(() => worker?.stop());

/** What openid-client sends, kept so that it can be sent again. */
function recording(): { sent: { url: string; init: RequestInit }[]; fetch: typeof fetch } {
  const sent: { url: string; init: RequestInit }[] = [];
  return {
    sent,
    fetch: (url, init) => {
      sent.push({ url: String(url), init: init ?? {} });
      return fetch(url, init);
    },
  };
}

describe.each(["ES256", "Ed25519"])("openid-client with %s proofs", (alg) => {
  it("gets a bound token and calls the API with it", async () => {
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair(alg));
    const tokens = await openid.clientCredentialsGrant(config, { scope: "agents:read" }, { DPoP });
    expect(tokens.token_type).toBe("dpop");
    const url = new URL(`${worker.issuer}/api/v1/agents/${agent.agentId}#unused`);
    const answer = await openid.fetchProtectedResource(config, tokens.access_token, url, "GET", undefined, undefined, {
      DPoP,
    });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { agentId: string }).agentId).toBe(agent.agentId);
  });
});

describe("a proof that somebody has listened to", () => {
  it("is refused at every other instance, and at the same one", async () => {
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const tokens = await openid.clientCredentialsGrant(config, { scope: "agents:read" }, { DPoP });
    const heard = recording();
    config[openid.customFetch] = heard.fetch as openid.CustomFetch;
    const url = new URL(`${worker.issuer}/api/v1/agents/${agent.agentId}`);
    const answer = await openid.fetchProtectedResource(config, tokens.access_token, url, "GET", undefined, undefined, {
      DPoP,
    });
    expect(answer.status).toBe(200);
    const [overheard] = heard.sent;
    for (const instance of worker.instances.toReversed()) {
      const replayed = await fetch(`${instance}/api/v1/agents/${agent.agentId}`, {
        headers: overheard?.init.headers as HeadersInit,
      });
      expect(replayed.status).toBe(401);
      expect(replayed.headers.get("WWW-Authenticate")).toMatch(/^DPoP error="invalid_dpop_proof"/);
    }
  });

  it("is no proof for a stolen token either: the token alone is worth nothing", async () => {
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const { access_token } = await openid.clientCredentialsGrant(config, { scope: "agents:read" }, { DPoP });
    for (const scheme of ["Bearer", "DPoP"]) {
      const headers = { Authorization: `${scheme} ${access_token}` };
      expect((await fetch(`${worker.issuer}/api/v1/agents`, { headers })).status).toBe(401);
    }
  });
});
