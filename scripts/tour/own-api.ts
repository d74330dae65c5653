/** An API of the reader's own: a small server that checks each token itself, as docs/guides/protect-an-api.md describes. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

/** How an API names itself, its issuer, and the scope that a request needs. */
export interface Protected {
  readonly issuer: string;
  readonly jwksUri: string;
  /** The identifier of the resource. */
  readonly audience: string;
  readonly scope: string;
}

export interface OwnApi {
  readonly url: string;
  close(): void;
}

interface Verdict {
  readonly status: number;
  /** For `WWW-Authenticate`. */
  readonly challenge?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const refused = (status: number, challenge: string): Verdict => ({ status, challenge, body: { challenge } });
const invalid = refused(401, 'Bearer error="invalid_token"');

/** Starts the server on a free port of this machine. It answers as RFC 6750 3.1 says. */
export async function startOwnApi({ issuer, jwksUri, audience, scope }: Protected): Promise<OwnApi> {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const expected = { issuer, audience, typ: "at+jwt", algorithms: ["ES256"] };

  async function check(authorization = ""): Promise<Verdict> {
    const [, token] = /^Bearer ([^ ]+)$/i.exec(authorization) ?? [];
    if (!token) return refused(401, "Bearer");
    try {
      const { payload } = await jwtVerify<{ scope?: string; cnf?: unknown }>(token, keys, expected);
      if (payload.aud !== audience || payload.cnf) return invalid;
      if (payload.scope?.split(" ").includes(scope)) return { status: 200, body: { agent: payload.sub } };
      return refused(403, `Bearer error="insufficient_scope", scope="${scope}"`);
    } catch (error) {
      if (error instanceof errors.JOSEError) return invalid;
      return { status: 503, body: { message: String(error) } };
    }
  }

  const server = createServer(async (request, response) => {
    const { status, challenge, body } = await check(request.headers.authorization);
    const headers = challenge === undefined ? {} : { "WWW-Authenticate": challenge };
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/resumes`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
