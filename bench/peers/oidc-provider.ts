/** A child: `oidc-provider` with its memory adapter, issuing ES256 JWT access tokens by client credentials. */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { offer, settingsOf } from "../child.ts";
import type { PeerSettings } from "./settings.ts";

const { port, clientId, clientSecret, scope } = settingsOf<PeerSettings>();
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

const server = createServer(provider.callback()).listen(port, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
offer({}, async () => server.close());
