/**
 * An MCP server (Streamable HTTP) that accepts only tokens for itself. The official SDK serves the metadata (RFC 9728) and answers
 * 401 and 403 (RFC 6750 3.1); jose verifies the tokens with the published keys.
 *
 * Settings: AGENTIDP_API_URL; MCP_URL, the address of this server and the identifier of its resource; PORT, that of MCP_URL.
 */
import { discoverAuthorizationServerMetadata } from "@modelcontextprotocol/sdk/client/auth.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
} from "@modelcontextprotocol/sdk/server/auth/router.js";
import type { AuthInfo } from "@modelcontextprotocol/sdk/server/auth/types.js";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { setting } from "./settings.ts";

const issuer = setting("AGENTIDP_API_URL");
const url = new URL(setting("MCP_URL"));

/** The tools, and the scope that a call of each requires. */
const requiredScopes = new Map([
  ["read_resume", "resume:read"],
  ["delete_resume", "resume:write"],
]);

const metadata = await discoverAuthorizationServerMetadata(issuer);
// RFC 8414 3.3: metadata of another issuer must not be used.
if (metadata?.issuer !== issuer) throw new Error(`${issuer} is not the issuer of its metadata.`);
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", issuer));

/** The errors of jose that are no fault of the token. */
const keysUnavailable = ["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT"];

/** `/mcp` and `/mcp/` are one resource. `aud` is the registered text of the two. */
const identifier = url.href.replace(/\/$/, "");

/** Verifies an access token. Throws `InvalidTokenError`, which is answered 401; any other error is answered 500. */
async function verifyAccessToken(token: string): Promise<AuthInfo> {
  const { payload } = await jwtVerify<{ client_id: string; scope: string; cnf?: unknown }>(token, keys, {
    issuer,
    audience: [identifier, `${identifier}/`], // This server only.
    typ: "at+jwt", // RFC 9068 4: an id_token is not an access token.
    algorithms: ["ES256"], // RFC 8725 3.1: the verifier decides on the algorithm, not the token.
    requiredClaims: ["sub", "client_id", "exp", "scope"],
  }).catch((error: unknown) => {
    const isFaultOfToken = error instanceof errors.JOSEError && !keysUnavailable.includes(error.code);
    throw isFaultOfToken ? new InvalidTokenError("The token is not valid for this server") : error;
  });
  // RFC 9449 7.2: a token that is bound to a key is refused without a proof, which this example does not check.
  if (payload.cnf !== undefined) throw new InvalidTokenError("The token is bound to a key");
  const { client_id: clientId, scope, exp: expiresAt } = payload;
  return { token, clientId, scopes: scope.split(" "), expiresAt: expiresAt ?? 0 };
}

/** The scopes that the messages of a request require: those of the tools that they call. */
function scopesOf(body: unknown): string[] {
  const calls = [body].flat().map((message) => CallToolRequestSchema.safeParse(message));
  return calls.flatMap(({ data }) => requiredScopes.get(data?.params.name ?? "") ?? []);
}

function newServer(): McpServer {
  const server = new McpServer({ name: "resumes", version: "1.0.0" });
  const answer = (text: string) => ({ content: [{ type: "text" as const, text }] });
  server.registerTool("read_resume", { description: "Read a resume" }, ({ authInfo }) =>
    answer(`A resume, for agent ${authInfo?.clientId}.`),
  );
  server.registerTool("delete_resume", { description: "Delete a resume" }, () => answer("The resume is deleted."));
  return server;
}

const app = createMcpExpressApp({ allowedHosts: [url.hostname] });
// Without `scopes_supported`: some clients request every scope that it names, and an agent that lacks one of them gets no token.
app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: url }));
const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(url);

app.all(url.pathname, (request, response, next) =>
  requireBearerAuth({ verifier: { verifyAccessToken }, requiredScopes: scopesOf(request.body), resourceMetadataUrl })(
    request,
    response,
    next,
  ),
);
app.post(url.pathname, async (request, response) => {
  // Without sessions: each request has a server of its own.
  const server = newServer();
  const transport = new StreamableHTTPServerTransport();
  response.on("close", () => server.close());
  await server.connect(transport);
  // The body whose scopes were checked. Without one, the transport must not read another.
  await transport.handleRequest(request, response, request.body ?? null);
});
app.all(url.pathname, (_request, response) => response.status(405).set("Allow", "POST").end());

app.listen(Number(setting("PORT", url.port)), "localhost", (error) => {
  if (error) throw error;
  console.log(`The MCP server is at ${url}.`);
});
