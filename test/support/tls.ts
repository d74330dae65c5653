/**
 * An https address in front of a Worker process, for clients that require https (did:web). Its certificate is new each time,
 * and only this process trusts it.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { request } from "node:http";
import { createServer, globalAgent } from "node:https";
import type { AddressInfo } from "node:net";

/** One DER element (X.690 8.1): tag, length, content. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: readonly Uint8Array[]) => der(0x30, ...content);
const oid = (...bytes: readonly number[]) => der(0x06, Buffer.from(bytes));
const utcTime = (ms: number) => {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(digits.slice(2)));
};

/** A self-signed certificate for `localhost` (RFC 5280 4.1), good for a day. */
function selfSigned() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from("localhost")));
  const name = sequence(der(0x31, commonName));
  const subjectAltName = sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(der(0x82, Buffer.from("localhost")))));
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    sequence(utcTime(Date.now() - 3_600_000), utcTime(Date.now() + 86_400_000)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(subjectAltName)),
  );
  const certificate = sequence(
    content,
    ecdsaWithSha256,
    der(0x03, Buffer.from([0]), sign("sha256", content, privateKey)),
  );
  const cert = `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }) };
}

export interface TlsFront {
  /** Such as `https://localhost:40123`. */
  readonly origin: string;
  /** In PEM, for other processes to trust. */
  readonly certificate: string;
  /** Forwards requests to this origin from now on. */
  forwardTo(origin: string): void;
  close(): Promise<void>;
}

/** Opens the address and makes `node:https` of this process trust it. */
export async function newTlsFront(): Promise<TlsFront> {
  const { cert, key } = selfSigned();
  let target = "";
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const forwarded = request(`${target}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", (error) => outgoing.destroy(error));
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  globalAgent.options.ca = cert;
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificate: cert,
    forwardTo: (origin) => {
      target = origin;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
