/** The running Worker, spoken to byte by byte: requests that no HTTP client would send, and the OpenAPI document under a validator. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_startWorker as startWorker } from "wrangler";
import { exampleIssuer, openApiPath, openApiText } from "../../../scripts/openapi.ts";

const root = join(import.meta.dirname, "../../..");

let worker: Awaited<ReturnType<typeof startWorker>>;
let origin: URL;

beforeAll(async () => {
  const secret = (value: string) => ({ type: "plain_text" as const, value });
  worker = await startWorker({
    config: "./wrangler.toml",
    envFiles: [],
    bindings: {
      ISSUER: secret(exampleIssuer),
      KEY_ENCRYPTION_KEYS: secret("test-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
      SECRET_HASH_KEYS: secret("test-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"),
    },
    dev: { server: { port: 0 }, inspector: false, logLevel: "none", persist: false, watch: false },
  });
  origin = await worker.url;
});

afterAll(() => worker.dispose());

/** Sends bytes, and answers with the status and the body that come back. */
function exchange(request: string | Uint8Array): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(Number(origin.port), origin.hostname, () => socket.write(request));
    socket.setEncoding("utf8");
    socket.setTimeout(60_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk) => {
      received += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve({ status: Number(received.split(" ")[1]), text: received }));
  });
}

const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, `Host: ${origin.host}`, "Connection: close", ...headers, "", ""].join("\r\n");

describe("odd requests", () => {
  it("a GET with a body is answered as without", async () => {
    const answer = await exchange(`${head("GET /health", "Content-Type: application/json", "Content-Length: 1")}{`);
    expect(answer.status).toBe(200);
  });

  it("a chunked body without Content-Length is counted", async () => {
    const size = 300_000;
    const chunk = `${size.toString(16)}\r\n${"a".repeat(size)}\r\n0\r\n\r\n`;
    const answer = await exchange(head("POST /api/v1/token", "Transfer-Encoding: chunked") + chunk);
    expect(answer.status).toBe(413);
    expect(answer.text).toContain('"error":"invalid_request"');
  });

  it.each([
    "POST /api/v1/agents",
    "PATCH /api/v1/nowhere",
    "PROPFIND /api/v1/agents",
    "GET /%ff%00/..%2f",
    "GET /api/v1/agents?limit=%ff&cursor=%",
  ])("%s is no 5xx", async (line) => {
    const { status } = await exchange(head(line));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it("100 headers are no 5xx", async () => {
    const { status } = await exchange(
      head("GET /health", ...Array.from({ length: 100 }, (_, n) => `X-Header-${n}: ${"v".repeat(50)}`)),
    );
    expect(status).toBe(200);
  });
});

describe("the OpenAPI document", () => {
  it.each([
    ["/openapi.json", "3.1"],
    ["/openapi-3.0.json", "3.0"],
  ])("%s is valid OpenAPI %s to a validator that is not ours", async (path, version) => {
    const document = await fetch(new URL(path, origin)).then((response) => response.json());
    const validator = new Validator();
    const { valid, errors } = await validator.validate(document as Record<string, unknown>);
    expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version });
  });

  it("is the one of which the client libraries are generated; `npm run openapi` writes it", async () => {
    const served = await fetch(new URL("/openapi.json", origin)).then((response) => response.json());
    expect(readFileSync(openApiPath, "utf8") === openApiText(served), "run `npm run openapi`").toBe(true);
  });

  it.each([
    ["oazapfts", "/openapi.json", ["document.json", "api.ts"], "api.ts", "export function registerAgent("],
    [
      "openapi",
      "/openapi-3.0.json",
      ["--input", "document.json", "--output", "client"],
      "client/index.ts",
      "AgentsService",
    ],
  ])("%s makes a TypeScript client of %s that compiles strictly", async (program, path, options, file, name) => {
    // In the checkout, so that the compiler finds the packages.
    const cache = join(root, "node_modules/.cache");
    mkdirSync(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, "generated-"));
    const run = (command: string, ...parameters: readonly string[]) =>
      promisify(execFile)(join(root, "node_modules/.bin", command), parameters, { cwd: folder }).catch((error) => {
        throw new Error(`${command} fails:\n${error.stdout}${error.stderr}`);
      });
    try {
      const document = await fetch(new URL(path, origin)).then((response) => response.text());
      await writeFile(join(folder, "document.json"), document);
      await run(program, ...options);
      const resolution = ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable"];
      const compiled = [
        "--strict",
        "--noEmit",
        "--skipLibCheck",
        "--ignoreConfig",
        "--target",
        "es2022",
        "--types",
        "",
      ];
      await run("tsc", ...compiled, ...resolution, file);
      expect(readFileSync(join(folder, file), "utf8")).toContain(name);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
