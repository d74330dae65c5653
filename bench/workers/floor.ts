/** The floors that the service is compared with: Workers that do the minimum. */
import { DurableObject } from "cloudflare:workers";
import { SignJWT } from "jose";

interface Bindings {
  readonly DB: D1Database;
  readonly OBJECT: DurableObjectNamespace<FloorObject>;
}

const insertEvents = "INSERT INTO events SELECT value ->> 0, value ->> 1 FROM json_each(?)";

/** An object that answers, or writes one row first. */
export class FloorObject extends DurableObject<Bindings> {
  #sequence: number;
  #staged: [sequence: number, event: string][] = [];
  #written = 0;

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env);
    const { sql } = state.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS events (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL)");
    this.#sequence = sql.exec<{ last: number }>("SELECT coalesce(max(sequence), 0) AS last FROM events").one().last;
  }

  /** Does not read or write. */
  async ask(): Promise<number> {
    return this.#sequence;
  }

  /** The runtime sends the answer when the row is on disk (output gate). */
  async commit(event: string): Promise<number> {
    this.ctx.storage.sql.exec("INSERT INTO events VALUES (?, ?)", ++this.#sequence, event);
    return this.#sequence;
  }

  /** The same, with one write for all calls of one turn of the event loop. */
  async share(event: string): Promise<number> {
    const sequence = ++this.#sequence;
    this.#staged.push([sequence, event]);
    await new Response("-").arrayBuffer();
    if (this.#written < sequence) {
      this.ctx.storage.sql.exec(insertEvents, JSON.stringify(this.#staged));
      this.#written = this.#sequence;
      this.#staged = [];
    }
    return sequence;
  }
}

let key: CryptoKey | null = null;

/** One key for an isolate. Workers have no randomness before the first request. */
async function signingKey(): Promise<CryptoKey> {
  if (key) return key;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  key = (pair as CryptoKeyPair).privateKey;
  return key;
}

/** A token with as many claims as one of the service. */
async function token(tokenId: string): Promise<Response> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const accessToken = await new SignJWT({
    iss: "http://localhost:8787",
    sub: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
    client_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
    aud: "http://localhost:8787",
    scope: "resume:read agents:read",
    organization_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11",
    agent_type: "screener",
    credential_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a12",
    jti: tokenId,
    iat: issuedAt,
    exp: issuedAt + 3600,
  })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "0199f0c2" })
    .sign(await signingKey());
  return Response.json({
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: 3600,
    scope: "resume:read agents:read",
  });
}

const event = JSON.stringify({ action: "token.issued", details: "x".repeat(600) });

async function seed(env: Bindings): Promise<Response> {
  await env.DB.exec("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, record TEXT NOT NULL)");
  await env.DB.prepare("INSERT OR REPLACE INTO records VALUES (1, ?)").bind("x".repeat(600)).run();
  return new Response(null, { status: 204 });
}

const floor: ExportedHandler<Bindings> = {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const object = () => env.OBJECT.get(env.OBJECT.idFromName(searchParams.get("object") ?? "one"));
    switch (pathname) {
      case "/sign":
        return token(crypto.randomUUID());
      case "/ask-and-sign":
        return token(String(await object().ask()));
      case "/commit-and-sign":
        return token(String(await object().commit(event)));
      case "/share-and-sign":
        return token(String(await object().share(event)));
      case "/ask-and-read":
        await object().ask();
        return Response.json(await env.DB.prepare("SELECT id, record FROM records WHERE id = ?").bind(1).first());
      case "/seed":
        return seed(env);
      default:
        return new Response(null, { status: 404 });
    }
  },
};

export default floor;
