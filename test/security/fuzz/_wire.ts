/** Requests as bytes: what `fetch` would tidy up or refuse to send. */
import { Agent, request } from "node:http";

export interface WireRequest {
  readonly method: string;
  /** With its query; sent as it is. */
  readonly path: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer is whatever the test asserts that it is
  readonly body: any;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < raw.length; at += 2) headers.append(raw[at]!, raw[at + 1]!);
  return headers;
}

/**
 * Sends one request to an origin, header for header. The service answers a body that is too large before it has all of it, and closes
 * the connection; a client that is still sending then gets an error in place of the answer, so it sends the request again.
 */
export async function exchange(origin: string, request: WireRequest): Promise<WireAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await exchangeOnce(origin, request);
    } catch (error) {
      const isCutOff = ["EPIPE", "ECONNRESET"].includes((error as { code?: string }).code ?? "");
      if (!isCutOff || (request.body?.length ?? 0) < 256 * 1024 || attempt === 10) throw error;
    }
  }
}

function exchangeOnce(origin: string, { method, path, headers = [], body }: WireRequest): Promise<WireAnswer> {
  const { host, hostname, port } = new URL(origin);
  const bytes = body === undefined ? null : Buffer.from(body as Uint8Array);
  const framing = bytes ? [["Content-Length", String(bytes.byteLength)] as const] : [];
  const lines = [["Host", host] as const, ...framing, ...headers].flat();
  const { promise, resolve, reject } = Promise.withResolvers<WireAnswer>();
  const sent = request({ agent, hostname, port, method, path, headers: lines }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", reject);
    answer.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const received = headersOf(answer.rawHeaders);
      const isJson = /^application\/([a-z0-9.+-]+\+)?json/.test(received.get("Content-Type") ?? "");
      resolve({
        status: answer.statusCode ?? 0,
        headers: received,
        text,
        body: isJson && text !== "" ? JSON.parse(text) : undefined,
      });
    });
  });
  sent.on("error", reject);
  sent.end(bytes ?? undefined);
  return promise;
}
