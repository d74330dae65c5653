/** The MCP server and client of examples/, and the official MCP SDK, against the running Worker. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClientCredentialsProvider, PrivateKeyJwtProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { decodeJwt, exportJWK, generateKeyPair, type JWK } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/port.ts";
import { boundTokenFor } from "../support/bound-token.ts";
import { type Ended, runExample, serveExample } from "../support/example-process.ts";
import {
  type Admin,
  type AgentClient,
  type Body,
  newClient,
  newOrganization,
  newResource,
  requestToken,
  send,
  setUp,
  tokenFor,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let tenant: Admin;
/** Has `resume:read` and `resume:write`, a secret and a key. */
let editor: AgentClient;
/** Has `resume:read` alone. */
let reader: AgentClient;
let privateKey: JWK;
let folder: string;
const running: (() => Promise<Ended>)[] = [];

/** An MCP server whose resource is registered as `registered`, and whose own setting is `configured`: the ends of two URLs. */
async function newMcpServer(registered: string, configured: string): Promise<string> {
  const origin = `http://localhost:${await freePort()}`;
  const { status, text } = await send(worker.issuer, "/api/v1/resources", {
    token: tenant.token,
    json: {
      identifier: `${origin}${registered}`,
      name: "Resumes",
      scopes: [
        { name: "resume:read", description: "Read resumes" },
        { name: "resume:write", description: "Change resumes" },
      ],
    },
  });
  expect(status, text).toBe(201);
  const url = `${origin}${configured}`;
  const settings = { AGENTIDP_API_URL: worker.issuer, MCP_URL: url };
  running.push(await serveExample("mcp-server.ts", settings, `The MCP server is at ${url}.`));
  return origin;
}

let origin: string;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentidp-mcp-"));
  worker = await newWorkerProcess();
  await worker.start();
  tenant = await newOrganization(worker.issuer, await setUp(worker.issuer));
  const domain = await send(worker.issuer, `/api/v1/organizations/${tenant.organizationId}/domains`, {
    token: tenant.token,
    json: { domain: "localhost" },
  });
  expect(domain.body).toMatchObject({ domain: "localhost", status: "verified" });
  origin = await newMcpServer("/mcp", "/mcp");
  url = `${origin}/mcp`;

  const keys = await generateKeyPair("ES256", { extractable: true });
  privateKey = await exportJWK(keys.privateKey);
  editor = await newClient(worker.issuer, tenant.token, {
    capabilities: ["resume:read", "resume:write"],
    publicKeyJwk: await exportJWK(keys.publicKey),
  });
  reader = await newClient(worker.issuer, tenant.token, { capabilities: ["resume:read"] });
});

afterAll(async () => {
  for (const stop of running) await stop();
  await worker?.stop();
  await rm(folder, { recursive: true, force: true });
});

const withSecret = ({ clientId, clientSecret }: AgentClient) =>
  new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: worker.issuer });

const withKey = () =>
  new PrivateKeyJwtProvider({
    clientId: editor.agentId,
    privateKey: { ...privateKey },
    algorithm: "ES256",
    expectedIssuer: worker.issuer,
  });

/** What the SDK's client gets from a tool; it knows nothing but the URL of the server and its own credentials. */
async function callTool(at: string, authProvider: ReturnType<typeof withSecret | typeof withKey>, name: string) {
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(at), { authProvider }));
  try {
    return await client.callTool({ name });
  } finally {
    await client.close();
  }
}

const claimsOf = (provider: ReturnType<typeof withSecret | typeof withKey>) =>
  decodeJwt(provider.tokens()?.access_token ?? "");

/** A resume as the example server answers. */
const resumeFor = ({ agentId }: AgentClient) => ({
  content: [{ type: "text", text: `A resume, for agent ${agentId}.` }],
});

const calling = (name: string) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } });

/** One HTTP request to the MCP server, without the SDK. */
async function post(body: unknown, headers: Record<string, string>) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json, text/event-stream", "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    challenge: response.headers.get("WWW-Authenticate"),
    text: await response.text(),
  };
}

const postWith = (token: string, body: unknown, headers: Record<string, string> = {}) =>
  post(body, { Authorization: `Bearer ${token}`, ...headers });

const tokens = async (parameters: Record<string, string>): Promise<Body> => {
  const { status, text, body } = await requestToken(worker.issuer, editor, parameters);
  expect(status, text).toBe(200);
  return body;
};

describe("the providers of the official SDK", () => {
  it.each([
    ["ClientCredentialsProvider", () => withSecret(editor)],
    ["PrivateKeyJwtProvider", withKey],
  ])("%s gets a token for the MCP server and calls a tool", async (_name, newProvider) => {
    const provider = newProvider();
    expect(await callTool(url, provider, "read_resume")).toEqual(resumeFor(editor));
    expect(claimsOf(provider)).toMatchObject({
      iss: worker.issuer,
      sub: editor.agentId,
      aud: url,
      scope: "resume:read resume:write",
    });
  });

  it("sends its secret to the expected issuer only", async () => {
    const { clientId, clientSecret } = editor;
    const provider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: "https://other.example" });
    await expect(callTool(url, provider, "read_resume")).rejects.toThrow("is not presented to");
  });

  it("is refused the tool whose scope its agent does not have", async () => {
    const provider = withSecret(reader);
    expect(await callTool(url, provider, "read_resume")).toEqual(resumeFor(reader));
    expect(claimsOf(provider).scope).toBe("resume:read");
    await expect(callTool(url, withSecret(reader), "delete_resume")).rejects.toMatchObject({ code: 403 });
  });
});

describe("the MCP server", () => {
  it("has protected resource metadata (RFC 9728 3.1)", async () => {
    const answer = await send(origin, "/.well-known/oauth-protected-resource/mcp");
    expect(answer.body).toEqual({ resource: url, authorization_servers: [worker.issuer] });
  });

  const unauthorized = (description: string) => ({
    status: 401,
    challenge:
      `Bearer error="invalid_token", error_description="${description}", scope="resume:read", ` +
      `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
    text: JSON.stringify({ error: "invalid_token", error_description: description }),
  });
  const notForThisServer = () => unauthorized("The token is not valid for this server");

  it("a request without a token gets 401 with resource_metadata", async () => {
    expect(await post(calling("read_resume"), {})).toEqual(unauthorized("Missing Authorization header"));
  });

  it("a token for another resource gets 401 with resource_metadata", async () => {
    const resource = await newResource(worker.issuer, tenant, "other");
    const token = await tokenFor(worker.issuer, editor, { scope: "resume:read", resource });
    expect(await postWith(token, calling("read_resume"))).toEqual(notForThisServer());
  });

  it("a token for the issuer, an id_token, a changed token and a bound token get 401", async () => {
    const { access_token, id_token } = await tokens({ scope: "openid agents:read" });
    expect(await postWith(access_token, calling("read_resume"))).toEqual(notForThisServer());
    expect(await postWith(id_token, calling("read_resume"))).toEqual(notForThisServer());

    const good: string = (await tokens({ scope: "resume:read", resource: url })).access_token;
    const [head, claims, signature = ""] = good.split(".");
    const changed = [head, claims, (signature.startsWith("A") ? "B" : "A") + signature.slice(1)].join(".");
    expect(await postWith(changed, calling("read_resume"))).toEqual(notForThisServer());

    const bound = await boundTokenFor(worker.issuer, editor, { scope: "resume:read", resource: url });
    expect(await postWith(bound, calling("read_resume"))).toEqual(unauthorized("The token is bound to a key"));
  });

  it("a token without the scope of the tool gets 403 insufficient_scope (RFC 6750 3.1)", async () => {
    const token = await tokenFor(worker.issuer, editor, { scope: "resume:read", resource: url });
    const refused = {
      status: 403,
      challenge:
        'Bearer error="insufficient_scope", error_description="Insufficient scope", scope="resume:write", ' +
        `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
      text: JSON.stringify({ error: "insufficient_scope", error_description: "Insufficient scope" }),
    };
    expect(await postWith(token, calling("delete_resume"))).toEqual(refused);
    // Neither by a batch nor by a body that only the transport would read.
    expect(await postWith(token, [calling("delete_resume")])).toEqual(refused);
    const unread = await postWith(token, calling("delete_resume"), { "Content-Type": "application/jsonx" });
    expect(unread.status).toBe(415);
    const allowed = await tokenFor(worker.issuer, editor, { scope: "resume:write", resource: url });
    expect((await postWith(allowed, calling("delete_resume"))).text).toContain("The resume is deleted.");
  });
});

describe("/mcp and /mcp/ are one resource", () => {
  /** Registered with a slash. The server of the first is set to the URL without it. */
  let mixed: string;
  let slashed: string;
  beforeAll(async () => {
    mixed = await newMcpServer("/mcp/", "/mcp");
    slashed = await newMcpServer("/mcp/", "/mcp/");
  });

  const callAt = async (at: string, audience: string) => {
    for (const provider of [withSecret(editor), withKey()]) {
      expect(await callTool(at, provider, "read_resume")).toEqual(resumeFor(editor));
      expect(claimsOf(provider).aud).toBe(audience);
    }
  };

  it("the SDK works with both URLs, whichever of the two is registered", async () => {
    await callAt(`${origin}/mcp`, `${origin}/mcp`);
    await callAt(`${origin}/mcp/`, `${origin}/mcp`);
    await callAt(`${mixed}/mcp`, `${mixed}/mcp/`);
    await callAt(`${mixed}/mcp/`, `${mixed}/mcp/`);
  });

  it("the SDK refuses metadata whose resource has the slash for a URL without it", async () => {
    await callAt(`${slashed}/mcp/`, `${slashed}/mcp/`);
    await expect(callTool(`${slashed}/mcp`, withSecret(editor), "read_resume")).rejects.toThrow(
      "does not match expected",
    );
  });

  it("the audience is the registered identifier, whichever of the two is requested", async () => {
    for (const [own, registered] of [
      [origin, "/mcp"],
      [mixed, "/mcp/"],
    ]) {
      for (const path of ["/mcp", "/mcp/"]) {
        const { access_token } = await tokens({ scope: "resume:read", resource: `${own}${path}` });
        expect(decodeJwt(access_token).aud).toBe(`${own}${registered}`);
      }
    }
  });
});

describe("mcp-client.ts", () => {
  const settings = (agent: AgentClient) => ({
    AGENTIDP_API_URL: worker.issuer,
    AGENTIDP_CLIENT_ID: agent.agentId,
    MCP_URL: url,
  });
  const printed = (agent: AgentClient) => ({
    code: 0,
    out: `The tools of the server: read_resume, delete_resume.\nA resume, for agent ${agent.agentId}.\n`,
    err: "",
  });

  it("calls a tool with a secret", async () => {
    const ended = await runExample("mcp-client.ts", {
      ...settings(reader),
      AGENTIDP_CLIENT_SECRET: reader.clientSecret,
    });
    expect(ended).toEqual(printed(reader));
  });

  it("calls a tool with the agent's own key", async () => {
    const file = join(folder, "key.json");
    await writeFile(file, JSON.stringify(privateKey));
    expect(await runExample("mcp-client.ts", { ...settings(editor), PRIVATE_KEY_FILE: file })).toEqual(printed(editor));
  });

  it("fails at a tool whose scope the agent does not have", async () => {
    const ended = await runExample("mcp-client.ts", {
      ...settings(reader),
      AGENTIDP_CLIENT_SECRET: reader.clientSecret,
      TOOL: "delete_resume",
    });
    expect(ended).toEqual({
      code: 1,
      out: "The tools of the server: read_resume, delete_resume.\n",
      err: expect.stringContaining("Server returned 403 after trying upscoping"),
    });
  });
});

describe("mcp-server.ts", () => {
  it("fails when another process listens on its port", async () => {
    const ended = await runExample("mcp-server.ts", { AGENTIDP_API_URL: worker.issuer, MCP_URL: url });
    expect(ended).toEqual({ code: 1, out: "", err: expect.stringContaining("EADDRINUSE") });
  });

  it("does not start with the metadata of another issuer", async () => {
    const [, second] = worker.instances;
    const ended = await runExample("mcp-server.ts", { AGENTIDP_API_URL: second, MCP_URL: "http://localhost:1/mcp" });
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("is not the issuer of its metadata") });
  });

  it("answers 500 when the keys cannot be fetched, because that is no fault of the token", async () => {
    const own = await newMcpServer("/mcp", "/mcp");
    const token = await tokenFor(worker.issuer, editor, { scope: "resume:read", resource: `${own}/mcp` });
    await worker.kill();
    const answer = await send(own, "/mcp", { token, json: calling("read_resume") });
    expect(answer.status).toBe(500);
  });
});
