/** The program at `/tools/verify-audit-log.mjs` on exports of a running Worker. */
import { execFile } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Body, newClient, requestToken, send, setUp, tokenFor } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

const run = promisify(execFile);
const guide = join(import.meta.dirname, "..", "..", "docs", "guides", "export-an-organization.md");

let worker: WorkerProcess;
let directory: string;
/** Exports of one log: events alone, and with what proves them. */
let log: string;
let proven: string;
let provenCsv: string;
let events: Body[];
/** Of the operator's admin. */
let token: string;

const exported = async (query = "") => {
  const { status, text } = await send(worker.issuer, `/api/v1/audit/export${query}`, { token });
  expect(status, text).toBe(200);
  return text;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentidp-audit-"));
  worker = await newWorkerProcess();
  await worker.start();
  const program = await send(worker.issuer, "/tools/verify-audit-log.mjs");
  expect(program.status, program.text).toBe(200);
  await writeFile(join(directory, "verify.mjs"), program.text);

  ({ token } = await setUp(worker.issuer));
  // What an event says of it has escapes, letters beyond ASCII, and what a spreadsheet takes for a formula.
  const json = { name: '=Zoë & "Söhne", €\\', slug: "zoe", adminEmail: "zoe@tenant.example" };
  expect((await send(worker.issuer, "/api/v1/organizations", { token, json })).status).toBe(201);
  const client = await newClient(worker.issuer, token);
  await tokenFor(worker.issuer, client);
  await requestToken(worker.issuer, { ...client, clientSecret: "wrong" });
  log = await exported();
  proven = await exported("?checkpoints=true");
  provenCsv = await exported("?checkpoints=true&format=csv");
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

interface Verdict {
  readonly code: number;
  readonly text: string;
}

/** What the program says of an export, with other files beside it. */
async function verdictOn(text: string, files: Readonly<Record<string, string>> = {}): Promise<Verdict> {
  await writeFile(join(directory, "export"), text);
  const words = ["verify.mjs", "export"];
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(directory, name), content);
    words.push(`--${name}`, name);
  }
  try {
    const { stdout } = await run(process.execPath, words, { cwd: directory });
    return { code: 0, text: stdout.trim() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: `${stdout}${stderr}`.trim() };
  }
}

const refused = (text: string) => ({ code: 1, text: `NOT VERIFIED: ${text}` });

/** A checkpoint line that a stranger has signed with a key of their own. */
function forgedAt(sequence: number, hash: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  const members = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  const kid = createHash("sha256").update(members).digest("base64url");
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { organizationId, timestamp } = events[0];
  const header = { alg: "ES256", typ: "audit-checkpoint+jwt", kid };
  const input = `${part(header)}.${part({ organizationId, sequence, hash, timestamp })}`;
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
  const jws = `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
  const shown = { sequence, timestamp, eventId: events[sequence - 1].eventId, hash };
  return { type: "checkpoint", ...shown, jws, publicKeyJwk: { ...jwk, kid }, keyCompromisedAt: null };
}

const lines = (text: string) => text.trimEnd().split("\n");
const joined = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");
const typeOf = (line: string) => JSON.parse(line).type;
const lineOf = (type: string) => lines(proven).findIndex((line) => typeOf(line) === type);

describe("an export with checkpoints", () => {
  it.each([
    ["newline-delimited JSON", () => proven],
    ["CSV", () => provenCsv],
    ["CSV with a byte order mark and plain line ends", () => `\uFEFF${provenCsv.replaceAll("\r\n", "\n")}`],
    ["JSON with a byte order mark and the line ends of Windows", () => `\uFEFF${proven.replaceAll("\n", "\r\n")}`],
  ])("verifies to its end: %s", async (_, text) => {
    const { code, text: said } = await verdictOn(text());
    expect(said).toMatch(/: \d+ events, 1 to (\d+), .*\nSigned: events up to \1, at .*\nVERIFIED$/s);
    expect(code).toBe(0);
  });

  it("verifies with the published keys of the service, and with a stored checkpoint", async () => {
    const keys = (await send(worker.issuer, "/.well-known/jwks.json")).text;
    const checkpoints = (await send(worker.issuer, "/api/v1/audit/checkpoints", { token })).text;
    expect(await verdictOn(proven, { keys, checkpoints })).toMatchObject({ code: 0 });
  });

  it("verifies with the lines of the agents, and after an agent in it was erased", async () => {
    const erased = await newClient(worker.issuer, token, { email: "quux-7f3a@erase-me.example", owner: "Zoë Quux" });
    const path = `/api/v1/agents/${erased.agentId}`;
    expect((await send(worker.issuer, path, { method: "DELETE", token })).status).toBe(204);
    expect((await send(worker.issuer, `${path}/erase`, { method: "POST", token })).status).toBe(200);
    const text = await exported("?agents=true&checkpoints=true");
    expect(text).toContain('{"type":"agent",');
    expect(text).toContain('"action":"agent.erased"');
    expect(text).not.toMatch(/quux/i);
    expect(await verdictOn(text)).toMatchObject({ code: 0 });
    expect(await verdictOn(await exported("?agents=true&checkpoints=true&format=csv"))).toMatchObject({ code: 0 });
  });

  it.each([
    ["action", "credential.generated", "credential.Generated"],
    ["outcome", "success", "Success"],
    ["actor", '"userAgent":"node', '"userAgent":"Node'],
    ["details", "Zoë", "Zoé"],
    ["timestamp", '"timestamp":"2', '"timestamp":"3'],
    ["hash", '"hash":"', '"hash":"0'],
  ])("names the event with one changed character: %s", async (_, before, after) => {
    const at = events.findIndex((event) => JSON.stringify(event).includes(before));
    const changed = lines(proven);
    expect(changed[at]).toContain(before);
    changed[at] = changed[at]!.replace(before, after);
    const which = `Line ${at + 1}: event ${at + 1} (${events[at].eventId})`;
    expect(await verdictOn(joined(changed))).toEqual(
      refused(`${which} was changed: its hash is not that of its fields`),
    );
  });

  it("names the row of CSV with one changed character", async () => {
    const changed = provenCsv.replace("Zoë", "Zoé");
    expect((await verdictOn(changed)).text).toMatch(/^NOT VERIFIED: Line \d+: event \d+ .* was changed/);
  });

  it.each<readonly [string, (all: string[]) => string[], RegExp | string]>([
    [
      "a line that is missing",
      (all: string[]) => all.toSpliced(2, 1),
      /^Events 3 to 3 are missing, and no signed event accepts that$/,
    ],
    [
      "a key that was changed",
      (all: string[]) => all.with(lineOf("key"), all[lineOf("key")]!.replace(/"x":"./, '"x":"_')),
      /^Line \d+: the key was changed: its kid is not its thumbprint$/,
    ],
    [
      "a key that is missing",
      (all: string[]) => all.toSpliced(lineOf("key"), 1),
      /^Line \d+: the export had \d+ keys, and the file has \d+: lines are missing or added$/,
    ],
    [
      "a member that is there twice, the right one last",
      (all: string[]) => all.with(2, all[2]!.replace("{", '{"outcome":"failure",')),
      "Line 3 is no JSON as the export writes it: it was changed",
    ],
    ...['"type":"event"', '"type":null', '"type":"other"', '"type":"toString"'].map(
      (type) =>
        [
          `an added line with ${type}`,
          (all: string[]) => all.toSpliced(2, 0, all[2]!.replace("{", `{${type},`)),
          /^Line 3: no line of an export has the type \w+$/,
        ] as const,
    ),
    ...["sequence", "hash", "timestamp", "eventId"].map(
      (field) =>
        [
          `a checkpoint whose ${field} is not the signed one`,
          (all: string[]) => {
            const entry = JSON.parse(all[lineOf("checkpoint")]!);
            const changed = { ...entry, [field]: field === "sequence" ? 1 : `x${entry[field].slice(1)}` };
            return all.with(lineOf("checkpoint"), JSON.stringify(changed));
          },
          new RegExp(`was changed: its ${field} is `),
        ] as const,
    ),
    [
      "two lines that are swapped",
      (all: string[]) => all.toSpliced(2, 2, all[3]!, all[2]!),
      /^Line 4: event 3 \(.*\) is in the wrong place: it comes after event 4$/,
    ],
    [
      "a line that is there twice",
      (all: string[]) => all.toSpliced(2, 0, all[2]!),
      /^Line 4: event 3 \(.*\) is in the wrong place: it comes after event 3$/,
    ],
    [
      "events that are cut off before the checkpoints, with the counts mended",
      (all: string[]) => {
        const kept = all.filter((line) => typeOf(line) !== undefined || JSON.parse(line).sequence < events.length);
        return kept.map((line) => (typeOf(line) === "end" ? countsOf(kept) : line));
      },
      /^The end is cut off: the file ends at event \d+, and event \d+ was signed$/,
    ],
    [
      "a missing event, with the counts mended",
      (all: string[]) => {
        const kept = all.toSpliced(2, 1);
        return kept.map((line) => (typeOf(line) === "end" ? countsOf(kept) : line));
      },
      /^Events 3 to 3 are missing, and no signed event accepts that$/,
    ],
    [
      "a checkpoint with a changed signature",
      (all: string[]) =>
        all.with(lineOf("checkpoint"), all[lineOf("checkpoint")]!.replace(/"jws":"([^"]{9})./, '"jws":"$1_')),
      /^Line \d+: the checkpoint is forged: its signature is not that of its key$/,
    ],
    [
      "a checkpoint under another key of the service's name",
      (all: string[]) => {
        const { publicKeyJwk } = forgedAt(1, events[0].hash);
        const entry = JSON.parse(all[lineOf("checkpoint")]!);
        const kid = entry.publicKeyJwk.kid;
        return all.with(lineOf("checkpoint"), JSON.stringify({ ...entry, publicKeyJwk: { ...publicKeyJwk, kid } }));
      },
      /^Line \d+: the checkpoint is forged/,
    ],
    ["something behind the end", (all: string[]) => [...all, all[0]!], /^Line \d+: something follows the end/],
  ])("names %s", async (_, change, expected) => {
    const { code, text } = await verdictOn(joined(change(lines(proven))));
    expect(text.replace(/^NOT VERIFIED: /, "")).toMatch(expected);
    expect(code).toBe(1);
  });

  /** The last line, with the numbers of lines that the file now has. */
  function countsOf(all: readonly string[]): string {
    const count = (type?: string) => all.filter((line) => typeOf(line) === type).length;
    const details = { events: count(), checkpoints: count("checkpoint"), keys: count("key") };
    return JSON.stringify({ type: "end", details });
  }

  it("does not count a checkpoint of a key that is not among the keys, nor any without a trusted key", async () => {
    const { sequence, hash } = events.at(-1);
    const withForged = lines(proven).with(lineOf("checkpoint"), JSON.stringify(forgedAt(sequence, hash)));
    const forged = await verdictOn(joined(withForged));
    expect(forged.code).toBe(3);
    expect(forged.text).toContain("1 checkpoints do not count: their key is not among the keys.");
    const keys = JSON.stringify({ keys: [forgedAt(1, hash).publicKeyJwk] });
    const untrusted = await verdictOn(proven, { keys });
    expect(untrusted.code).toBe(3);
    expect(untrusted.text).toContain("Not signed: no checkpoint that counts is there");
  });

  it("finds a chain that was changed and recomputed as a whole by a stored checkpoint", async () => {
    const checkpoints = joined(lines(proven).filter((line) => typeOf(line) !== undefined));
    const canonical = (value: unknown): string =>
      Array.isArray(value)
        ? `[${value.map(canonical)}]`
        : typeof value === "object" && value !== null
          ? `{${Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`)}}`
          : JSON.stringify(value);
    let previousHash = "0".repeat(64);
    const recomputed = events.map(({ hash: _, ...event }) => {
      const next = { ...event, previousHash, outcome: "failure" };
      previousHash = createHash("sha256").update(canonical(next)).digest("hex");
      return JSON.stringify({ ...next, hash: previousHash });
    });
    const { code, text } = await verdictOn(
      joined([...recomputed, ...lines(checkpoints)].filter((line) => typeOf(line) !== "end")),
    );
    expect([code, text.includes("was signed") || text.includes("signs another hash")]).toEqual([1, true]);
  });

  it.each([
    ["an empty file", () => "", "The file is empty"],
    [
      "only lines without events",
      () => joined(lines(proven).slice(lineOf("checkpoint"), -1)),
      "The file has no events, so nothing is verified",
    ],
    [
      "a file that is cut within a line",
      () => proven.slice(0, 1_000),
      /^Line \d+ has no end: the file is cut off here$/,
    ],
    ["CSV that is cut within a row", () => provenCsv.slice(0, 1_000), /^Line \d+: the file is cut off here/],
    ["a cell without an end", () => `${provenCsv}"${"x".repeat(10_000_000)}`, /^Line \d+: the file is cut off here/],
    [
      "a cell that was added to an event",
      () => provenCsv.replace(/(,,,,)\r\n/, ",x,,,\r\n"),
      /^Line 2: the cell \w+ was added$/,
    ],
    [
      "a column that was added",
      () => provenCsv.replaceAll("\r\n", ",\r\n").replace(",\r\n", ",outcome\r\n"),
      "Line 1: a column was added",
    ],
    [
      "a row of another type",
      () => provenCsv.replace("\nevent,", "\nEvent,"),
      /^Line \d+: no line of an export has the type Event$/,
    ],
    ["a page of HTML", () => "<!doctype html>\n", /no export of the audit log/],
    [
      "a line that is no JSON",
      () => joined(lines(proven).with(1, "{")),
      "Line 2 is no JSON as the export writes it: it was changed",
    ],
  ])("refuses %s", async (_, text, expected) => {
    const { code, text: said } = await verdictOn(text());
    expect(said.replace(/^NOT VERIFIED: /, "")).toMatch(expected);
    expect(code).toBe(1);
  });

  it("says how it is called, and which file cannot be read", async () => {
    for (const words of [[], ["a", "b"], ["a", "--keys"], ["--help"]]) {
      const failed = await run(process.execPath, ["verify.mjs", ...words], { cwd: directory }).catch((error) => error);
      expect([failed.code, failed.stderr]).toEqual([2, expect.stringMatching(/^Usage: /)]);
    }
    const failed = await run(process.execPath, ["verify.mjs", "none"], { cwd: directory }).catch((error) => error);
    expect([failed.code, failed.stderr]).toEqual([2, expect.stringMatching(/^none cannot be read: /)]);
  });
});

describe("an export without checkpoints", () => {
  it("holds, and is not proven to its end, also when it is cut between two lines", async () => {
    for (const text of [log, joined(lines(log).slice(0, 5))]) {
      const { code, text: said } = await verdictOn(text);
      expect(code).toBe(3);
      expect(said).toContain("it was exported without checkpoints=true, or its end is cut off.");
      expect(said).toMatch(/\nHOLDS, BUT IS NOT PROVEN TO ITS END$/);
    }
  });

  it("says that the beginning is not in the file", async () => {
    const { code, text } = await verdictOn(joined(lines(log).slice(4)));
    expect(text).toContain("Events 1 to 4 are not in this file, so nothing is verified of them");
    expect(code).toBe(3);
  });

  it("holds as the guide takes it out of an export of the organization", async () => {
    const page = await readFile(guide, "utf8");
    const [, program] = /^node -e '([^']*)' > .local\/audit.ndjson$/m.exec(page) ?? [];
    const path = `/api/v1/organizations/${events[0].organizationId}/export`;
    const local = join(directory, ".local");
    await mkdir(local);
    await writeFile(join(local, "export.ndjson"), (await send(worker.issuer, path, { token })).text);
    const { stdout } = await run(process.execPath, ["-e", program!], { cwd: directory });
    expect(lines(stdout).length).toBeGreaterThan(events.length);
    expect(await verdictOn(stdout)).toMatchObject({ code: 3 });
  });
});

describe("an export with an accepted gap", () => {
  let gapped: readonly string[];
  let acceptedAt: string;

  beforeAll(async () => {
    const { organizationId } = events[0];
    await worker.query(
      "DELETE FROM audit_events WHERE organization_id = ? AND sequence BETWEEN 3 AND 4 RETURNING 1",
      organizationId,
    );
    const json = { organizationId, fromSequence: 3, toSequence: 4, reason: "A restore of the database" };
    const answer = await send(worker.issuer, "/api/v1/audit/gaps", { token, json });
    expect(answer.status, answer.text).toBe(201);
    ({ acceptedAt } = answer.body);
    expect((await send(worker.issuer, "/api/v1/audit/verify", { token })).body).toMatchObject({
      verified: true,
      gaps: [{ fromSequence: 3, toSequence: 4 }],
    });
    gapped = lines(await exported("?checkpoints=true"));
  });

  const withoutEnd = (all: readonly string[]) => joined(all.filter((line) => typeOf(line) !== "end"));
  const without = (...sequences: number[]) =>
    withoutEnd(gapped.filter((line) => typeOf(line) !== undefined || !sequences.includes(JSON.parse(line).sequence)));
  const missing = (which: string) => refused(`Events ${which} are missing, and no signed event accepts that`);

  it("verifies, and the gap is named", async () => {
    const { code, text } = await verdictOn(joined(gapped));
    expect(code).toBe(0);
    expect(text).toContain(
      `Events 3 to 4 are missing. The operator accepted that at ${acceptedAt}: A restore of the database`,
    );
  });

  it.each([
    ["wider at its beginning", () => without(2), "2 to 4"],
    ["wider at its end", () => without(5), "3 to 5"],
    ["narrower", () => withoutEnd([...gapped.slice(0, 2), lines(log)[2]!, ...gapped.slice(2)]), "4 to 4"],
  ])("is refused with a gap that is %s", async (_, changed, which) => {
    expect(await verdictOn(changed())).toEqual(missing(which));
  });

  it("is refused without the event that names the gap, without its checkpoint, and with another gap", async () => {
    const events = gapped.filter((line) => typeOf(line) === undefined);
    const upToAcceptance = events.slice(
      0,
      events.findIndex((line) => line.includes("audit.gap_accepted")),
    );
    expect(await verdictOn(joined(upToAcceptance))).toEqual(missing("3 to 4"));
    expect(await verdictOn(joined(events))).toEqual(missing("3 to 4"));
    expect(await verdictOn(without(6))).toEqual(missing("6 to 6"));
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
    const text = await exported("?checkpoints=true");
    const accepted = `Events 1 to ${head} are missing. The operator accepted that at ${answer.body.acceptedAt}: All of it`;
    const verdict = await verdictOn(text);
    expect(verdict.code).toBe(0);
    // The ledger names the gap of events 3 to 4 again, because the event that did so is lost.
    expect(verdict.text.split("\n").filter((line) => line.startsWith("Events "))).toEqual([
      accepted,
      expect.stringMatching(/^Events 3 to 4 are missing\. The operator accepted that/),
    ]);
    // Without its signature the event that accepts the gap is a claim.
    const claimed = await verdictOn(joined(lines(text).filter((line) => typeOf(line) === undefined)));
    expect(claimed.text).toContain(`Events 1 to ${head} are not in this file`);
  });
});
