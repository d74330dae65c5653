/**
 * Deliveries of the running Worker over real HTTP: to the receivers of the guide as they stand there, to the libraries of the
 * field, and to receivers that behave badly.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/port.ts";
import { type Admin, agentFields, type Body, newOrganization, send, setUp, tokenFor } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import {
  accept,
  type Behavior,
  drip,
  failing,
  flood,
  type Received,
  type Receiver,
  reset,
  silence,
  startReceiver,
  status,
} from "./_webhook-receiver.ts";

const root = join(import.meta.dirname, "..", "..");
const scope = "agents:read agents:write audit:read webhooks:read webhooks:write admin:orgs";

let worker: WorkerProcess;
let operator: Admin;
let directory: string;
const receivers: Receiver[] = [];
const processes: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentidp-receivers-"));
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  worker = await newWorkerProcess();
  await worker.start();
  operator = await setUp(worker.issuer);
});

afterAll(async () => {
  for (const process of processes) process.kill("SIGKILL");
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await worker?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function newTenant(): Promise<Admin> {
  const admin = await newOrganization(worker.issuer, operator);
  return { ...admin, token: await tokenFor(worker.issuer, admin, { scope }) };
}

async function post({ token }: Admin, path: string, json?: unknown): Promise<Body> {
  const answer = await send(worker.issuer, `/api/v1${path}`, { method: "POST", token, ...(json ? { json } : {}) });
  expect([200, 201, 202], answer.text).toContain(answer.status);
  return answer.body;
}

const subscribe = (tenant: Admin, url: string, events = ["agent.created"]): Promise<Body> =>
  post(tenant, "/webhooks", { name: url, url, events });
const happen = (tenant: Admin): Promise<Body> => post(tenant, "/agents", agentFields());
const rotate = async (tenant: Admin, { id }: Body): Promise<string> =>
  (await post(tenant, `/webhooks/${id}/rotate-secret`)).signingSecret;
const test = (tenant: Admin, { id }: Body): Promise<Body> => post(tenant, `/webhooks/${id}/test`);

/** A day passes for the secrets that sign along. */
const expireSecrets = ({ id }: Body) =>
  worker.query("UPDATE webhook_secrets SET expires_at = 1 WHERE subscription_id = ? AND expires_at IS NOT NULL", id);

async function receiving(behave: Behavior = accept): Promise<Receiver> {
  const receiver = await startReceiver(behave);
  receivers.push(receiver);
  return receiver;
}

const arrived = (receiver: Receiver, count: number) =>
  expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(count);

describe("the libraries verify real deliveries, before, during and after a rotation", () => {
  const accepts = (Library: typeof StandardWebhook | typeof SvixWebhook, secret: string, delivered: Received) => {
    try {
      new Library(secret).verify(delivered.body, delivered.headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  };
  const verdict = (secret: string, delivered: Received) => [
    accepts(StandardWebhook, secret, delivered),
    accepts(SvixWebhook, secret, delivered),
  ];

  it("standardwebhooks and svix", async () => {
    const tenant = await newTenant();
    const receiver = await receiving();
    const webhook = await subscribe(tenant, receiver.url, ["agent.created", "token.issued"]);
    const old = webhook.signingSecret;
    await happen(tenant);
    await arrived(receiver, 1);
    expect(verdict(old, receiver.received[0]!)).toEqual([true, true]);

    const fresh = await rotate(tenant, webhook);
    await happen(tenant);
    await arrived(receiver, 2);
    expect([verdict(old, receiver.received[1]!), verdict(fresh, receiver.received[1]!)]).toEqual([
      [true, true],
      [true, true],
    ]);

    await expireSecrets(webhook);
    await happen(tenant);
    await arrived(receiver, 3);
    expect([verdict(old, receiver.received[2]!), verdict(fresh, receiver.received[2]!)]).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it("also of a token, which the ledger tells of by itself within seconds", async () => {
    const tenant = await newTenant();
    const receiver = await receiving();
    const webhook = await subscribe(tenant, receiver.url, ["token.issued"]);
    await tokenFor(worker.issuer, tenant);
    await arrived(receiver, 1);
    expect(verdict(webhook.signingSecret, receiver.received[0]!)).toEqual([true, true]);
    expect(JSON.parse(receiver.received[0]!.body).data).toEqual({ agentId: tenant.agentId, scope: expect.any(String) });
  });
});

describe("the receivers of docs/guides/configure-webhooks.md, and `npm run webhook:listen`", () => {
  const guide = readFileSync(join(root, "docs", "guides", "configure-webhooks.md"), "utf8");
  const isThere = (program: string, ...parameters: string[]) => spawnSync(program, parameters).status === 0;

  /** The block of the guide whose first line names this file. */
  function blockOf(name: string): string {
    const blocks = [...guide.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code = ""]) => code);
    const [block] = blocks.filter((code) => /^(\/\/|#) (\S+)\n/.exec(code)?.[2] === name);
    if (block === undefined) throw new Error(`The guide has no ${name}.`);
    return block;
  }

  const answers = (url: string) =>
    fetch(url, { method: "POST", body: "{}" }).then(
      ({ status }) => status,
      () => null,
    );

  interface Program {
    readonly command: readonly [string, ...string[]];
    /** A file to be written first. */
    readonly file?: string;
  }

  const programs: readonly [name: string, isAvailable: boolean, program: Program][] = [
    ["TypeScript", true, { command: [process.execPath, "receiver.ts"], file: "receiver.ts" }],
    ["Python", isThere("python3", "--version"), { command: ["python3", "receiver.py"], file: "receiver.py" }],
    ["Go", isThere("go", "version"), { command: ["go", "run", "receiver.go"], file: "receiver.go" }],
    [
      "the library",
      true,
      { command: [process.execPath, "receiver-with-library.ts"], file: "receiver-with-library.ts" },
    ],
    ["npm run webhook:listen", true, { command: [process.execPath, join(root, "scripts", "webhook-listen.ts")] }],
  ];

  async function run({ command, file }: Program, port: number, secret: string) {
    if (file) await writeFile(join(directory, file), blockOf(file));
    const [program, ...parameters] = command;
    const child = spawn(program, parameters, {
      cwd: directory,
      detached: true,
      env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port), GOFLAGS: "-mod=mod" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    processes.push(child);
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (printed += chunk));
    await expect.poll(() => answers(`http://localhost:${port}/`), { timeout: 60_000, message: printed }).toBe(401);
    return {
      printed: () => printed,
      // `go run` starts the program as a child of its own.
      stop: async () => {
        process.kill(-(child.pid ?? 0), "SIGKILL");
        await expect.poll(() => answers(`http://localhost:${port}/`), { timeout: 10_000 }).toBe(null);
      },
    };
  }

  for (const [name, isAvailable, program] of programs) {
    it.skipIf(!isAvailable)(`${name}: before, during and after a rotation`, { timeout: 120_000 }, async () => {
      const tenant = await newTenant();
      const port = await freePort();
      const webhook = await subscribe(tenant, `http://localhost:${port}/`);
      const before = await run(program, port, webhook.signingSecret);
      expect(await test(tenant, webhook)).toMatchObject({ status: "delivered", http_status_code: 204 });
      expect(before.printed()).toContain("webhook.test");
      await happen(tenant);
      await expect.poll(before.printed, { timeout: 15_000 }).toContain("agent.created");

      const fresh = await rotate(tenant, webhook);
      expect(await test(tenant, webhook)).toMatchObject({ status: "delivered" });
      await expireSecrets(webhook);
      expect(await test(tenant, webhook)).toMatchObject({ status: "dead_letter", http_status_code: 401 });
      await before.stop();

      const after = await run(program, port, fresh);
      expect(await test(tenant, webhook)).toMatchObject({ status: "delivered" });
      await after.stop();
    });
  }

  it("npm run webhook:listen says what it lacks", () => {
    const { status: code, stderr } = spawnSync(process.execPath, [join(root, "scripts", "webhook-listen.ts")], {
      env: { ...process.env, WEBHOOK_SECRET: "" },
      encoding: "utf8",
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining("WEBHOOK_SECRET must be the signingSecret")]);
  });
});

describe("a receiver that fails once and then works gets the event", () => {
  const kinds: readonly [name: string, badly: Behavior, code: number | null, error: RegExp][] = [
    ["500", status(500), 500, /^answered 500$/],
    ["a redirect", status(302, { Location: "http://127.0.0.1:1/" }), 302, /^answered 302; redirects are not followed$/],
    ["a connection that is reset", reset, null, /^could not connect, or no HTTP response: the connection was refused/],
    ["no answer", silence, null, /^no complete answer within 10000 ms$/],
    ["500 with 10 MB", flood(500), 500, /^answered 500$/],
  ];

  // Side by side, since each of them takes the ten seconds of a time-out or of a pause; each with an `expect` of its own.
  it.concurrent.for(kinds)("%s", { timeout: 90_000 }, async ([, badly, code, error], { expect }) => {
    const tenant = await newTenant();
    const receiver = await receiving(failing(1, badly));
    const webhook = await subscribe(tenant, receiver.url);
    await happen(tenant);
    const delivery = async (): Promise<Body> => {
      const answer = await send(worker.issuer, `/api/v1/webhooks/${webhook.id}/deliveries`, { token: tenant.token });
      return answer.body.deliveries[0];
    };
    await expect.poll(async () => (await delivery()).attempt_count, { timeout: 20_000 }).toBe(1);
    expect(await delivery()).toMatchObject({
      status: "failed",
      http_status_code: code,
      error: expect.stringMatching(error),
    });
    await expect.poll(async () => (await delivery()).status, { timeout: 40_000 }).toBe("delivered");
    expect(await delivery()).toMatchObject({ attempt_count: 2, http_status_code: 204, error: null });
    expect(receiver.eventIds().size).toBe(1);
  });

  /** What a proxy that closes early leaves of a body of five bytes. */
  const cut =
    (code: number): Behavior =>
    (response, request) =>
      void response.writeHead(code, { "Content-Length": "5" }).write("ok", () => request.socket.end());
  const badlyEncoded =
    (code: number): Behavior =>
    (response) =>
      void response.writeHead(code, { "Content-Encoding": "gzip" }).end("ok");
  const unreadable: readonly [name: string, behave: Behavior, code: number, note: string][] = [
    ["a wrong Content-Encoding", badlyEncoded(200), 200, "the body does not have the form of its Content-Encoding"],
    ["a body that is cut short", cut(202), 202, "the connection was closed before the end of the body"],
    ["a body without an end", drip, 200, "the body did not end in time"],
    [
      "503 and a wrong Content-Encoding",
      badlyEncoded(503),
      503,
      "the body does not have the form of its Content-Encoding",
    ],
    ["503 and a body that is cut short", cut(503), 503, "the connection was closed before the end of the body"],
  ];

  it.concurrent.for(unreadable)(
    "the status decides: %s",
    { timeout: 60_000 },
    async ([, behave, code, note], { expect }) => {
      const tenant = await newTenant();
      const receiver = await receiving(behave);
      const webhook = await subscribe(tenant, receiver.url);
      expect(await test(tenant, webhook)).toMatchObject({
        status: code < 300 ? "delivered" : "dead_letter",
        http_status_code: code,
        error: code < 300 ? null : `answered ${code}`,
        note,
        response_body: null,
      });
      expect(receiver.received.length).toBe(1);
    },
  );

  it("a failure of TLS or of the connection is told in our words, without a reference into a log", async () => {
    const tenant = await newTenant();
    const receiver = await receiving();
    const tls = await subscribe(tenant, receiver.url.replace("http:", "https:"));
    const tlsFailed =
      "could not connect: probably the host name has no address, its certificate was not accepted, or the TLS handshake failed";
    expect(await test(tenant, tls)).toMatchObject({ http_status_code: null, error: tlsFailed });
    const refused = await subscribe(tenant, "http://127.0.0.1:1/");
    expect(await test(tenant, refused)).toMatchObject({
      error: "could not connect, or no HTTP response: the connection was refused or closed",
    });
  });

  it("10 MB of thanks are taken for thanks; 1 KiB of them is kept", async () => {
    const tenant = await newTenant();
    const receiver = await receiving(flood(200));
    const webhook = await subscribe(tenant, receiver.url);
    const delivery = await test(tenant, webhook);
    expect(delivery).toMatchObject({ status: "delivered", response_body: "x".repeat(1024) });
  });
});
