/** The main flow: register an agent, get tokens, verify them, and revoke them. */
import { randomUUID } from "node:crypto";
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Conversation, type Credentials, demand, type Fields, type Steps, textAt } from "./conversation.ts";
import { startOwnApi } from "./own-api.ts";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The steps, in order; each builds on those before it. */
export function mainFlow(
  { url, send, signIn, register, createCredential, say }: Conversation,
  admin: Credentials,
): Steps {
  let discovery: Fields = {};
  let adminToken = "";
  let agentId = "";
  let agent: Awaited<ReturnType<typeof createCredential>>;
  let agentToken = "";
  let apiToken = "";
  let resource = "";
  let resourceId = "";
  let keyAgentId = "";

  const failToSignIn = (client: Credentials, status: number, form: Readonly<Record<string, string>> = {}) =>
    send("/api/v1/token", status, { basic: client, form: { grant_type: "client_credentials", ...form } });

  return {
    "The service is up": async () => {
      await send("/health", 200);
    },
    "A client discovers all endpoints from the issuer (RFC 8414)": async () => {
      discovery = await send("/.well-known/openid-configuration", 200);
      textAt(discovery, "issuer");
    },
    "The admin gets a token; it requests admin:orgs, which may grant everything, by name": async () => {
      adminToken = await signIn(admin, "agents:read agents:write audit:read admin:orgs");
    },
    "Register an agent": async () => {
      agentId = await register(adminToken, "screener", { capabilities: ["resume:read", "resume:write"] });
    },
    "Create a credential for it; the secret is shown only once": async () => {
      agent = await createCredential(adminToken, agentId);
    },
    "The agent gets a token (RFC 6749 4.4)": async () => {
      agentToken = await signIn(agent, "agents:read");
    },
    "Register an API of your own; the agent gets a token for it, and for it alone (RFC 8707)": async () => {
      const path = `/api/v1/organizations/${decodeJwt(adminToken).organization_id}`;
      const organization = await send(path, 200, { token: adminToken });
      resource = `urn:agentidp:${textAt(organization, "slug")}:tour-${agentId}`;
      const scopes = [
        { name: "resume:read", description: "Read resumes" },
        { name: "resume:write", description: "Change resumes" },
      ];
      const json = { identifier: resource, name: "Resumes", scopes };
      resourceId = textAt(await send("/api/v1/resources", 201, { token: adminToken, json }), "resourceId");
      apiToken = await signIn(agent, "resume:read", resource);
      say(JSON.stringify(decodeJwt(apiToken), null, 2).replaceAll("\n", "\n    "));
      say("A capability without the API that it is for is refused:");
      await failToSignIn(agent, 400, { scope: "resume:read" });
    },
    "That API verifies tokens with the published keys (RFC 9068), and accepts its own only (RFC 6750)": async () => {
      const [issuer, jwksUri] = [textAt(discovery, "issuer"), textAt(discovery, "jwks_uri")];
      const api = await startOwnApi({ issuer, jwksUri, audience: resource, scope: "resume:read" });
      try {
        const answer = await send(api.url, 200, { token: apiToken });
        demand(answer.agent === agentId, "The token is not the agent's.");
        say("Without a token; with a token for the service; with a token for the API that lacks the scope:");
        await send(api.url, 401);
        await send(api.url, 401, { token: agentToken });
        await send(api.url, 403, { token: await signIn(agent, "resume:write", resource) });
      } finally {
        api.close();
      }
    },
    "Or it introspects them at the service (RFC 7662)": async () => {
      const answer = await send("/api/v1/token/introspect", 200, { basic: agent, form: { token: apiToken } });
      demand(answer.active === true && answer.aud === resource, "The token should be active, and for the API.");
    },
    "The agent calls the API of the service": async () => {
      await send(`/api/v1/agents/${agentId}`, 200, { token: agentToken });
    },
    "The service refuses what the token does not allow": async () => {
      await send("/api/v1/agents", 403, { token: agentToken, json: {} });
      await failToSignIn(agent, 400, { scope: "agents:write" });
    },
    "Rotate the credential: the old secret is refused, the new one works": async () => {
      const path = `/api/v1/agents/${agentId}/credentials/${agent.credentialId}/rotate`;
      const old = agent;
      agent = {
        ...old,
        clientSecret: textAt(await send(path, 200, { token: adminToken, json: {} }), "clientSecret"),
      };
      await failToSignIn(old, 401);
      await signIn(agent);
    },
    "An agent with its own key needs no secret: private_key_jwt (RFC 7523)": async () => {
      const { publicKey, privateKey } = await generateKeyPair("ES256");
      keyAgentId = await register(adminToken, "key-holder", { publicKeyJwk: await exportJWK(publicKey) });
      const assertion = await new SignJWT()
        .setProtectedHeader({ alg: "ES256" })
        .setIssuer(keyAgentId)
        .setSubject(keyAgentId)
        .setAudience(textAt(discovery, "issuer"))
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime("1m")
        .sign(privateKey);
      const form = {
        grant_type: "client_credentials",
        client_assertion_type: assertionType,
        client_assertion: assertion,
      };
      await send("/api/v1/token", 200, { form });
      say("The same assertion a second time is refused:");
      await send("/api/v1/token", 401, { form });
    },
    "Revoke the token (RFC 7009): the next use is refused": async () => {
      await send("/api/v1/token/revoke", 200, { basic: agent, form: { token: agentToken } });
      await send(`/api/v1/agents/${agentId}`, 401, { token: agentToken });
    },
    "Suspend the agent: its tokens are revoked and it cannot sign in. Reactivate it: it can": async () => {
      const path = `/api/v1/agents/${agentId}`;
      const token = await signIn(agent);
      await send(path, 200, { method: "PATCH", token: adminToken, json: { status: "suspended" } });
      await send(path, 401, { token });
      await failToSignIn(agent, 401);
      await send(path, 200, { method: "PATCH", token: adminToken, json: { status: "active" } });
      await signIn(agent);
      say("The old token stays revoked:");
      await send(path, 401, { token });
    },
    "Decommission both agents and delete the API": async () => {
      await send(`/api/v1/resources/${resourceId}`, 204, { method: "DELETE", token: adminToken });
      for (const id of [agentId, keyAgentId]) {
        await send(`/api/v1/agents/${id}`, 204, { method: "DELETE", token: adminToken });
      }
      await failToSignIn(agent, 401);
    },
    "Read the audit log, and verify that it is intact": async () => {
      const { data } = await send(`/api/v1/audit?agentId=${agentId}&limit=5`, 200, { token: adminToken });
      const newest = (data as readonly Fields[])[0]?.action;
      demand(typeof newest === "string", "The log should have events of the agent.");
      const verification = await send("/api/v1/audit/verify", 200, { token: adminToken });
      demand(verification.verified === true, "The audit chain should verify.");
      demand(new URL(textAt(discovery, "issuer")).origin === new URL(url).origin, "The issuer is not this Worker.");
    },
  };
}
