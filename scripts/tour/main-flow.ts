/** The main flow: an agent is registered, gets tokens, anybody can check them, and taking back works at once. */
import { randomUUID } from "node:crypto";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { type Conversation, type Credentials, demand, type Fields, textAt } from "./conversation.ts";

/** One stop of the tour. */
export interface Step {
  readonly title: string;
  run(): Promise<void>;
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The steps, in order; each builds on those before it. */
export function mainFlow({ url, ask, say }: Conversation, admin: Credentials): readonly Step[] {
  const visit = randomUUID().slice(0, 8);
  let discovery: Fields = {};
  let adminToken = "";
  let agentId = "";
  let credentialId = "";
  let clientSecret = "";
  let agentToken = "";
  let keyAgentId = "";

  const agent = (): Credentials => ({ clientId: agentId, clientSecret });
  const registration = (name: string, fields: Fields = {}) => ({
    email: `${name}-${visit}@tour.example`,
    agentType: "screener",
    version: "1.0.0",
    capabilities: ["resume:read"],
    owner: "talent-team",
    deploymentEnv: "development",
    ...fields,
  });
  const signIn = (client: Credentials, status: number, form: Readonly<Record<string, string>> = {}) =>
    ask("/api/v1/token", status, { basic: client, form: { grant_type: "client_credentials", ...form } });

  return [
    {
      title: "The service is up",
      run: async () => {
        await ask("/health", 200);
      },
    },
    {
      title: "A client finds everything by the issuer's address (RFC 8414)",
      run: async () => {
        discovery = await ask("/.well-known/openid-configuration", 200);
        textAt(discovery, "issuer");
      },
    },
    {
      title: "The admin gets a token",
      run: async () => {
        adminToken = textAt(await signIn(admin, 200), "access_token");
      },
    },
    {
      title: "Register an agent",
      run: async () => {
        agentId = textAt(
          await ask("/api/v1/agents", 201, { token: adminToken, json: registration("screener") }),
          "agentId",
        );
      },
    },
    {
      title: "Make a credential for it; the secret is shown this once",
      run: async () => {
        const credential = await ask(`/api/v1/agents/${agentId}/credentials`, 201, { token: adminToken, json: {} });
        credentialId = textAt(credential, "credentialId");
        clientSecret = textAt(credential, "clientSecret");
      },
    },
    {
      title: "The agent gets a token of its own (RFC 6749 4.4)",
      run: async () => {
        agentToken = textAt(
          await signIn(agent(), 200, { scope: "agents:read tokens:read resume:read" }),
          "access_token",
        );
      },
    },
    {
      title: "Anybody can verify it with nothing but the published keys (RFC 9068)",
      run: async () => {
        const keys = createRemoteJWKSet(new URL(textAt(discovery, "jwks_uri")));
        const issuer = textAt(discovery, "issuer");
        const { payload, protectedHeader } = await jwtVerify(agentToken, keys, {
          issuer,
          audience: issuer,
          typ: "at+jwt",
        });
        say(`The signature is good: ${JSON.stringify(protectedHeader)}`);
        say(JSON.stringify(payload, null, 2).replaceAll("\n", "\n    "));
        demand(payload.sub === agentId, "The token is not the agent's.");
      },
    },
    {
      title: "Or ask the service about it (RFC 7662)",
      run: async () => {
        const answer = await ask("/api/v1/token/introspect", 200, { basic: agent(), form: { token: agentToken } });
        demand(answer.active === true, "The token should be active.");
      },
    },
    {
      title: "The agent calls the API",
      run: async () => {
        await ask(`/api/v1/agents/${agentId}`, 200, { token: agentToken });
      },
    },
    {
      title: "It may not do what its token does not allow",
      run: async () => {
        await ask("/api/v1/agents", 403, { token: agentToken, json: registration("intruder") });
        await signIn(agent(), 400, { scope: "agents:write" });
      },
    },
    {
      title: "Rotate the credential: the old secret dies, the new one works",
      run: async () => {
        const path = `/api/v1/agents/${agentId}/credentials/${credentialId}/rotate`;
        const old = agent();
        clientSecret = textAt(await ask(path, 200, { token: adminToken, json: {} }), "clientSecret");
        await signIn(old, 401);
        await signIn(agent(), 200);
      },
    },
    {
      title: "An agent can keep a key of its own and have no secret at all: private_key_jwt (RFC 7523)",
      run: async () => {
        const { publicKey, privateKey } = await generateKeyPair("ES256");
        const json = registration("key-holder", { publicKeyJwk: await exportJWK(publicKey) });
        keyAgentId = textAt(await ask("/api/v1/agents", 201, { token: adminToken, json }), "agentId");
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
        await ask("/api/v1/token", 200, { form });
        say("The same assertion a second time is refused:");
        await ask("/api/v1/token", 401, { form });
      },
    },
    {
      title: "Revoke the token (RFC 7009): the very next use is refused",
      run: async () => {
        await ask("/api/v1/token/revoke", 200, { basic: agent(), form: { token: agentToken } });
        await ask(`/api/v1/agents/${agentId}`, 401, { token: agentToken });
      },
    },
    {
      title: "Suspend the agent: its tokens die and it cannot sign in; reactivated, it can again",
      run: async () => {
        const path = `/api/v1/agents/${agentId}`;
        const live = textAt(await signIn(agent(), 200), "access_token");
        await ask(path, 200, { method: "PATCH", token: adminToken, json: { status: "suspended" } });
        await ask(path, 401, { token: live });
        await signIn(agent(), 401);
        await ask(path, 200, { method: "PATCH", token: adminToken, json: { status: "active" } });
        await signIn(agent(), 200);
        say("No old token comes back to life:");
        await ask(path, 401, { token: live });
      },
    },
    {
      title: "Decommission both agents",
      run: async () => {
        for (const id of [agentId, keyAgentId]) {
          await ask(`/api/v1/agents/${id}`, 204, { method: "DELETE", token: adminToken });
        }
        await signIn(agent(), 401);
      },
    },
    {
      title: "Read what happened, in a log that shows when somebody changed it",
      run: async () => {
        const { data } = await ask(`/api/v1/audit?agentId=${agentId}&limit=5`, 200, { token: adminToken });
        const newest = (data as readonly Fields[])[0]?.action;
        demand(typeof newest === "string", "The log should tell of the agent.");
        const verification = await ask("/api/v1/audit/verify", 200, { token: adminToken });
        demand(verification.verified === true, "The audit chain should verify.");
        demand(new URL(textAt(discovery, "issuer")).origin === new URL(url).origin, "The issuer is not this Worker.");
      },
    },
  ];
}
