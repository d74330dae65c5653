/** A child: `@node-oauth/oauth2-server` over the HTTP server of Node, with a model that issues ES256 JWTs and stores nothing. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import OAuth2Server, { type Client, type ClientCredentialsModel } from "@node-oauth/oauth2-server";
import { generateKeyPair, SignJWT } from "jose";
import { offer, settingsOf } from "../child.ts";
import type { PeerSettings } from "./settings.ts";

const settings = settingsOf<PeerSettings>();
const { privateKey } = await generateKeyPair("ES256");
const issuer = `http://localhost:${settings.port}`;
const lifetimeSeconds = 3600;
const client: Client = { id: settings.clientId, grants: ["client_credentials"], accessTokenLifetime: lifetimeSeconds };
const allowed = settings.scope.split(" ");

const model: ClientCredentialsModel = {
  getClient: async (clientId, clientSecret) =>
    clientId === settings.clientId && clientSecret === settings.clientSecret ? client : null,
  getUserFromClient: async () => ({ id: settings.clientId }),
  validateScope: async (_user, _client, scope) => scope?.filter((one) => allowed.includes(one)) ?? allowed,
  generateAccessToken: async ({ id }, _user, scope) => {
    const issuedAt = Math.floor(Date.now() / 1000);
    return new SignJWT({ client_id: id, scope: scope.join(" ") })
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "bench" })
      .setIssuer(issuer)
      .setSubject(id)
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(privateKey);
  },
  saveToken: async (token, savedFor, user) => ({ ...token, client: savedFor, user }),
  getAccessToken: async () => false,
};

const oauth = new OAuth2Server({ model });

async function answer(incoming: IncomingMessage) {
  const request = new OAuth2Server.Request({
    method: incoming.method ?? "",
    headers: incoming.headers as Record<string, string>,
    query: {},
    body: Object.fromEntries(new URLSearchParams(await text(incoming))),
  });
  const response = new OAuth2Server.Response({});
  await oauth.token(request, response);
  return response;
}

const server = createServer((incoming, outgoing) => {
  answer(incoming).then(
    ({ status = 200, headers = {}, body }) => {
      outgoing.writeHead(status, { ...headers, "Content-Type": "application/json" }).end(JSON.stringify(body));
    },
    (error: unknown) => outgoing.writeHead(500).end(String(error)),
  );
});
server.keepAliveTimeout = 60_000;
server.listen(settings.port, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
offer({}, async () => server.close());
