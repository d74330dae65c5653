/** The calls of scenarios that are no methods of the client. */

import { AgentIdPClient, ClientSecret, None, PrivateKeyJwt, WorkloadToken } from "@sentryagent/idp-sdk";
import { DpopKey } from "@sentryagent/idp-sdk/dpop";
import { TokenVerifier } from "@sentryagent/idp-sdk/verify";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";
import type { Any } from "./_suite.ts";
import { url } from "./_suite.ts";

interface Given {
  readonly client: Any;
  readonly args: readonly Any[];
  readonly step: Any;
  readonly names: Any;
}

export const ownCalls: Readonly<Record<string, (given: Given) => Any>> = {
  /** A second client: its credentials by kind, and the fixture that it signs in as. */
  "client.new": ({ args: [kind, as, options = {}] }) => {
    switch (kind) {
      case "secret":
        return new AgentIdPClient(url, new ClientSecret(as.clientId, as.clientSecret), options);
      case "workload":
        return new AgentIdPClient(url, new WorkloadToken(as.clientId, () => "eyJhbGciOiJub25lIn0.e30."), options);
      case "url":
        return new AgentIdPClient(as, new None(), options);
      case "environment":
        return new AgentIdPClient();
      case "signer": {
        const key = new PrivateKeyJwt({ clientId: as.clientId, kid: "1", key: signWith(as.privateKeyJwk) });
        return new AgentIdPClient(url, key, options);
      }
      default:
        throw new Error(`There is no client ${kind}.`);
    }
  },
  "client.actingFor": ({ client, args: [token] }) => client.actingFor(token),
  "client.withResponse": async ({ client }) => {
    const { status, requestId, rateLimit, attempts, value } = await client.agents.list({ limit: 1 }).withResponse();
    return { status, requestId, rateLimit, attempts, value };
  },
  "client.request": ({ client, args: [method, path, options] }) => client.request(method, path, options),
  "delegations.lend": ({ client, args: [lending], step }) =>
    client.delegations
      .lend(lending, (delegation: Any) => {
        if (step.run === "throws") throw new TypeError("thrown by the function");
        return delegation.chainId;
      })
      .catch((error: unknown) => {
        if (error instanceof TypeError) return error.message;
        throw error;
      }),
  "webhook.verify": ({ args: [{ secrets, body, headers, nowSeconds }] }) =>
    new Webhook(secrets, () => nowSeconds * 1000).verify(body, headers),
  "dpop.generate": () => DpopKey.generate(),
  "verify.offline": ({ args: [{ token, audience }], names }) => verifierOf(names, audience).verify(token),
  "verify.byDid": ({ args: [{ token }], names }) => verifierOf(names).verifyByDid(token),
  "verify.idToken": ({ args: [{ token, audience }], names }) => verifierOf(names, audience).verifyIdToken(token),
  /** Tokens that differ only in their made-up `kid`; how many were refused. */
  "verify.flood": async ({ args: [{ count }], names }) => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    let refused = 0;
    for (let kid = 0; kid < count; kid++) {
      const token = `${part({ alg: "ES256", typ: "at+jwt", kid: String(kid) })}.${part({ iss: url, aud: url })}.AAAA`;
      await verifierOf(names)
        .verify(token)
        .catch(() => refused++);
    }
    return { refused };
  },
  /** Verifies a bound token with a proof of the scenario's key, for the request or, with `asMethod`, for another one. */
  "verify.proven": async ({ args: [{ token, method, url: at, asMethod, times = 1 }], names }) => {
    const proof = await names.dpopKey.proof({ method, url: at, accessToken: token, nowMs: Date.now() });
    let facts: Any;
    for (let time = 0; time < times; time++)
      facts = await verifierOf(names).verify(token, { method: asMethod ?? method, url: at, proof });
    return facts;
  },
  "environment.set": ({ args: [values] }) => void Object.assign(process.env, values),
};

/** One verifier for each audience of a scenario, because a verifier keeps the keys. */
function verifierOf(names: Any, audience: string = url): TokenVerifier {
  names.verifiers ??= new Map();
  const known = names.verifiers.get(audience) ?? new TokenVerifier({ issuer: url, audience, clock: names.clock });
  names.verifiers.set(audience, known);
  return known;
}

/** A signer that is no key, as one of a key service is. */
function signWith(jwk: JsonWebKey) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
  return async (bytes: Uint8Array) =>
    new Uint8Array(
      await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, await key, bytes as Uint8Array<ArrayBuffer>),
    );
}
