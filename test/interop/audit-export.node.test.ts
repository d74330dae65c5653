/** The script of `docs/guides/query-audit-logs.md` ("Verify it yourself") on an export of a running Worker. */
import { execFile } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Body, newClient, requestToken, send, setUp, tokenFor } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

const run = promisify(execFile);
const guide = join(import.meta.dirname, "..", "..", "docs", "guides", "query-audit-logs.md");

let worker: WorkerProcess;
let directory: string;
/** What the service answers: events a line, and the page of checkpoints. */
let log: string;
let checkpoints: Body;
let events: Body[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentidp-audit-"));
  const [, script] = /<<'SCRIPT'\n([\s\S]*?)\nSCRIPT\n/.exec(await readFile(guide, "utf8")) ?? [];
  await writeFile(join(directory, "verify-audit.mjs"), script!);

  worker = await newWorkerProcess();
  await worker.start();
  const { token } = await setUp(worker.issuer);
  // What an event says of it has escapes, and letters beyond ASCII.
  const json = { name: 'Zoë & "Söhne" €\\', slug: "zoe", adminEmail: "zoe@tenant.example" };
  expect((await send(worker.issuer, "/api/v1/organizations", { token, json })).status).toBe(201);
  const client = await newClient(worker.issuer, token);
  await tokenFor(worker.issuer, client);
  await requestToken(worker.issuer, { ...client, clientSecret: "wrong" });
  const exported = await send(worker.issuer, "/api/v1/audit/export", { token });
  expect(exported.status, exported.text).toBe(200);
  log = exported.text;
  const listed = await send(worker.issuer, "/api/v1/audit/checkpoints?limit=100", { token });
  expect(listed.status, listed.text).toBe(200);
  checkpoints = listed.body;
  events = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.length).toBeGreaterThan(5);
});

afterAll(async () => {
  await worker?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What the script prints of a log, or the reason that it gives. */
async function verdictOn(exported: string, signed: Body = checkpoints): Promise<string> {
  await writeFile(join(directory, "audit.ndjson"), exported);
  await writeFile(join(directory, "checkpoints.json"), JSON.stringify(signed));
  try {
    const files = ["verify-audit.mjs", "audit.ndjson", "checkpoints.json"];
    return (await run(process.execPath, files, { cwd: directory })).stdout.trim();
  } catch (error) {
    return /^Error: (.*)$/m.exec((error as { stderr: string }).stderr)?.[1] ?? String(error);
  }
}

/** A checkpoint of the form that the guide shows, signed here: a new service has none before its first hour is over. */
function checkpointAt(sequence: number, hash: string): Body {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { organizationId, timestamp } = events[0];
  const input = `${part({ alg: "ES256", typ: "audit-checkpoint+jwt" })}.${part({ organizationId, sequence, hash, timestamp })}`;
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
  const jws = `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
  return {
    data: [{ jws, publicKeyJwk: publicKey.export({ format: "jwk" }), keyCompromisedAt: null }],
    nextCursor: null,
  };
}

describe("the script of the guide", () => {
  it("finds the log of the service in order", async () => {
    expect(await verdictOn(log)).toBe(
      `Events 1 to ${events.length} hold; checkpoints that bear them out: ${checkpoints.data.length}.`,
    );
  });

  it.each([
    ["action", "credential.generated", "credential.Generated"],
    ["outcome", "success", "Success"],
    ["actor", '"userAgent":"node', '"userAgent":"Node'],
    ["details", "Zoë", "Zoé"],
    ["timestamp", '"timestamp":"2', '"timestamp":"3'],
    ["hash", '"hash":"', '"hash":"0'],
  ])("finds one changed character: %s", async (_, before, after) => {
    const at = events.findIndex((event) => JSON.stringify(event).includes(before));
    const lines = log.split("\n");
    expect(lines[at]).toContain(before);
    lines[at] = lines[at]!.replace(before, after);
    expect(await verdictOn(lines.join("\n"))).toBe(`The chain is broken at event ${events[at].eventId}`);
  });

  it("finds that an event is missing, or stands in another place", async () => {
    const lines = log.trim().split("\n");
    const broken = `The chain is broken at event ${events[3].eventId}`;
    expect(await verdictOn(lines.toSpliced(2, 1).join("\n"))).toBe(broken);
    expect(await verdictOn(lines.toSpliced(2, 2, lines[3]!, lines[2]!).join("\n"))).toBe(broken);
  });

  it("holds a log to what was signed", async () => {
    const { sequence, hash } = events.at(-1);
    const lines = log.trim().split("\n");
    expect(await verdictOn(log, checkpointAt(sequence, hash))).toMatch(/bear them out: 1\.$/);
    expect(await verdictOn(lines.slice(0, -1).join("\n"), checkpointAt(sequence, hash))).toBe(
      `The copy ends before ${sequence}, which was signed`,
    );
    expect(await verdictOn(log, checkpointAt(sequence, "0".repeat(64)))).toBe(
      `Something else was signed at ${sequence}`,
    );
    const forged = checkpointAt(sequence, hash);
    const { publicKeyJwk } = checkpointAt(sequence, hash).data[0];
    forged.data[0].publicKeyJwk = publicKeyJwk;
    expect(await verdictOn(log, forged)).toBe(`The signature under ${sequence} is wrong`);
  });
});
