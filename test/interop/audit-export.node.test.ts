/** The script of `docs/guides/query-audit-logs.md` ("Verify it yourself") on an export of a running Worker. */
import { execFile } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
/** Of the operator's admin. */
let token: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentidp-audit-"));
  const [, script] = /<<'SCRIPT'\n([\s\S]*?)\nSCRIPT\n/.exec(await readFile(guide, "utf8")) ?? [];
  await writeFile(join(directory, "verify-audit.mjs"), script!);

  worker = await newWorkerProcess();
  await worker.start();
  ({ token } = await setUp(worker.issuer));
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

  it("finds it in order with the lines of the agents in it", async () => {
    const { text } = await send(worker.issuer, "/api/v1/audit/export?agents=true", { token });
    expect(text).toContain('{"type":"agent",');
    expect(await verdictOn(text)).toMatch(/^Events 1 to \d+ hold/);
  });

  it("finds it in order as the other guide takes it out of an export of the organization", async () => {
    const page = await readFile(join(guide, "..", "export-an-organization.md"), "utf8");
    const [, program] = /^node -e '([^']*)' > .local\/audit.ndjson$/m.exec(page) ?? [];
    const path = `/api/v1/organizations/${events[0].organizationId}/export`;
    const local = join(directory, ".local");
    await mkdir(local);
    await writeFile(join(local, "export.ndjson"), (await send(worker.issuer, path, { token })).text);
    const { stdout } = await run(process.execPath, ["-e", program!], { cwd: directory });
    expect(stdout.trim().split("\n").length).toBeGreaterThan(events.length);
    expect(await verdictOn(stdout)).toMatch(/^Events 1 to \d+ hold/);
  });

  it("finds it in order after an agent in it was decommissioned and erased", async () => {
    const erased = await newClient(worker.issuer, token, { email: "quux-7f3a@erase-me.example", owner: "Zoë Quux" });
    const path = `/api/v1/agents/${erased.agentId}`;
    expect((await send(worker.issuer, path, { method: "DELETE", token })).status).toBe(204);
    expect((await send(worker.issuer, `${path}/erase`, { method: "POST", token })).status).toBe(200);
    const { text } = await send(worker.issuer, "/api/v1/audit/export?agents=true", { token });
    expect(text).toContain('"action":"agent.erased"');
    expect(text).not.toMatch(/quux/i);
    expect(await verdictOn(text)).toMatch(/^Events 1 to \d+ hold/);
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
    const missing = "Events 3 to 3 are missing, and no signed event accepts that";
    expect(await verdictOn(lines.toSpliced(2, 1).join("\n"))).toBe(missing);
    const broken = `The chain is broken at event ${events[2].eventId}`;
    expect(await verdictOn(lines.toSpliced(2, 2, lines[3]!, lines[2]!).join("\n"))).toBe(broken);
  });

  it("says that the beginning is not in the file", async () => {
    const rest = log.trim().split("\n").slice(4).join("\n");
    expect(await verdictOn(rest)).toBe(
      `Events 5 to ${events.length} hold; checkpoints that bear them out: ${checkpoints.data.length}.\n` +
        "Events 1 to 4 are not in this file, so nothing is verified of them: the export began later, or they were removed by age.",
    );
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

describe("an export with an accepted gap", () => {
  /** The numbers of the lost events. */
  const lost = [3, 4];
  let gapped: readonly string[];
  let signed: Body;
  let acceptedAt: string;

  beforeAll(async () => {
    const { organizationId } = events[0];
    await worker.query(
      "DELETE FROM audit_events WHERE organization_id = ? AND sequence BETWEEN ? AND ? RETURNING 1",
      organizationId,
      ...lost,
    );
    const json = { organizationId, fromSequence: lost[0], toSequence: lost[1], reason: "A restore of the database" };
    const answer = await send(worker.issuer, "/api/v1/audit/gaps", { token, json });
    expect(answer.status, answer.text).toBe(201);
    ({ acceptedAt } = answer.body);
    expect((await send(worker.issuer, "/api/v1/audit/verify", { token })).body).toMatchObject({
      verified: true,
      gaps: [{ fromSequence: 3, toSequence: 4 }],
    });
    gapped = (await send(worker.issuer, "/api/v1/audit/export", { token })).text.trim().split("\n");
    signed = (await send(worker.issuer, "/api/v1/audit/checkpoints?limit=100", { token })).body;
    expect(signed.data).toHaveLength(1);
  });

  const sequenceOf = (line: string | undefined) => JSON.parse(line ?? "{}").sequence;
  const without = (...sequences: number[]) => gapped.filter((line) => !sequences.includes(sequenceOf(line))).join("\n");

  it("is in order, and the gap is named", async () => {
    expect(await verdictOn(gapped.join("\n"), signed)).toBe(
      `Events 3 to 4 are missing. The operator accepted that at ${acceptedAt}: A restore of the database\n` +
        `Events 1 to ${sequenceOf(gapped.at(-1))} hold; checkpoints that bear them out: 1.`,
    );
  });

  it.each([
    ["wider at its beginning", () => without(2), "Events 2 to 4"],
    ["wider at its end", () => without(5), "Events 3 to 5"],
    ["narrower", () => [...gapped.slice(0, 2), log.split("\n")[2], ...gapped.slice(2)].join("\n"), "Events 4 to 4"],
  ])("is refused with a gap that is %s", async (_, changed, which) => {
    expect(await verdictOn(changed(), signed)).toBe(`${which} are missing, and no signed event accepts that`);
  });

  it("is refused without the event that names the gap, without its checkpoint, and with another gap", async () => {
    const none = { data: [], nextCursor: null };
    const refused = "Events 3 to 4 are missing, and no signed event accepts that";
    const upToAcceptance = gapped.slice(
      0,
      gapped.findIndex((line) => line.includes("audit.gap_accepted")),
    );
    expect(await verdictOn(upToAcceptance.join("\n"), none)).toBe(refused);
    expect(await verdictOn(gapped.join("\n"), none)).toBe(refused);
    expect(await verdictOn(without(6), signed)).toBe("Events 6 to 6 are missing, and no signed event accepts that");
  });
});

describe("an export of a log that was lost as a whole", () => {
  it("names the accepted gap before its first event, if that event fits it", async () => {
    const { organizationId } = events[0];
    const { body } = await send(worker.issuer, "/api/v1/audit?limit=1", { token });
    const head = body.data[0].sequence;
    await worker.query("DELETE FROM audit_events WHERE organization_id = ? RETURNING 1", organizationId);
    const json = { organizationId, fromSequence: 1, toSequence: head, reason: "All of it" };
    const answer = await send(worker.issuer, "/api/v1/audit/gaps", { token, json });
    expect(answer.status, answer.text).toBe(201);
    const { text } = await send(worker.issuer, "/api/v1/audit/export", { token });
    const page = (await send(worker.issuer, "/api/v1/audit/checkpoints?limit=1", { token })).body;
    const accepted = `Events 1 to ${head} are missing. The operator accepted that at ${answer.body.acceptedAt}: All of it`;
    const verdict = await verdictOn(text, page);
    // The ledger names the gap of events 3 to 4 again, because the event that did so is lost.
    expect(verdict.split("\n")).toEqual([
      accepted,
      expect.stringMatching(/^Events 3 to 4 are missing\. The operator accepted that/),
      expect.stringMatching(`^Events ${head + 1} to \\d+ hold`),
    ]);
    // Without its signature the event that accepts the gap is a claim.
    expect(await verdictOn(text, { data: [], nextCursor: null })).toMatch(
      new RegExp(`^Events .* hold.*\nEvents 1 to ${head} are not in this file`),
    );
  });
});
