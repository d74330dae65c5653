/**
 * An agent calls a tool of an MCP server. The official SDK does the rest: from the server's 401 it finds the issuer, gets a token
 * for the server by client credentials (RFC 6749 4.4), with a secret or with the agent's own key (RFC 7523 2.2), and sends it.
 *
 * Settings: AGENTIDP_API_URL; AGENTIDP_CLIENT_ID; AGENTIDP_CLIENT_SECRET, or PRIVATE_KEY_FILE, a private JWK (EC P-256);
 * MCP_URL, the MCP server; TOOL, the tool to call (read_resume).
 */
import { readFileSync } from "node:fs";
import { ClientCredentialsProvider, PrivateKeyJwtProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { setting } from "./settings.ts";

const clientId = setting("AGENTIDP_CLIENT_ID");
// The SDK sends the secret or the assertion only to this issuer, whatever the MCP server names.
const expectedIssuer = setting("AGENTIDP_API_URL");
const keyFile = process.env.PRIVATE_KEY_FILE;
const authProvider = keyFile
  ? new PrivateKeyJwtProvider({
      clientId,
      privateKey: JSON.parse(readFileSync(keyFile, "utf8")),
      algorithm: "ES256",
      expectedIssuer,
    })
  : new ClientCredentialsProvider({ clientId, clientSecret: setting("AGENTIDP_CLIENT_SECRET"), expectedIssuer });

const client = new Client({ name: "example", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(setting("MCP_URL")), { authProvider }));
const { tools } = await client.listTools();
console.log(`The tools of the server: ${tools.map(({ name }) => name).join(", ")}.`);
try {
  const { content } = await client.callTool({ name: setting("TOOL", "read_resume") });
  for (const { text } of content as { readonly text: string }[]) console.log(text);
} finally {
  await client.close();
}
