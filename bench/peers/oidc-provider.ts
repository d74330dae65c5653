/**
 * A child: `oidc-provider` with its memory adapter, issuing ES256 JWT access tokens by client credentials. With `isDurable` each
 * token and an audit row are committed to disk before the answer.
 */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { offer, settingsOf } from "../child.ts";
import { openDurableTokens } from "./durable-tokens.ts";
import type { PeerSettings } from "./settings.ts";

declare module "oidc-provider" {
  interface Provider {
    /** Calls the listener before the answer; one that throws fails the request. */
    on(event: "client_credentials.issued", listener: (token: { jti: string; scope?: string }) => void): this;
  }
}

const { port, clientId, clientSecret, scope, isDurable } = settingsOf<PeerSettings>();
const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const resource = "http://localhost/api";

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: "ES256",
    },
  ],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "bench" }] },
  cookies: { keys: ["bench"] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope,
        audience: resource,
        accessTokenTTL: 3600,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});

const durable = isDurable ? openDurableTokens() : null;
// `oidc-provider` gives no JWT access token to its adapter: it emits this event before it answers.
if (durable) {
  provider.on("client_credentials.issued", ({ jti, scope: granted = "" }) => {
    durable.record({ jti, clientId, scope: granted });
  });
}

const server = createServer(provider.callback()).listen(port, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
offer({ count: () => durable?.count() }, async () => {
  server.close();
  durable?.close();
});
