#!/usr/bin/env node
/**
 * Verifies an export of the audit log without the service: one file, no dependencies, no network, Node 20 or later.
 *
 *     node verify-audit-log.mjs EXPORT [--keys FILE] [--checkpoints FILE]
 *
 * EXPORT is the answer of `GET /api/v1/audit/export?checkpoints=true`, as newline-delimited JSON or as CSV. `--keys` is a JWK Set
 * (RFC 7517) that you trust, such as a stored `/.well-known/jwks.json`: then only its keys count. `--checkpoints` are checkpoints
 * that you stored earlier: an answer of `GET /api/v1/audit/checkpoints`, or another export.
 *
 * A hash is SHA-256 over the RFC 8785 form of the other fields of its event. Each event has the hash of the one before it, so a
 * signature of one hash covers every event up to there.
 *
 * Exits with 0: all events hold, and a checkpoint signs them. 1: something is wrong, and the output names it. 2: the command is
 * wrong, or a file cannot be read. 3: the events hold, but nothing that counts signs them or the file has no end.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const zeros = "0".repeat(64);

/** Something is wrong with the log. */
class Fault extends Error {}

/** The command is wrong. */
class Misuse extends Error {}

function check(condition, message) {
  if (!condition) throw new Fault(message);
}

// The lines of a file

/** The cells of CSV (RFC 4180), a row at a time, with the number of the line on which it begins. */
function* rowsOf(text) {
  const plainEnd = /[",\r\n]|$/g;
  const separatorAt = /,|\r?\n/y;
  let cells = [];
  let line = 1;
  let begin = 1;
  for (let at = 0; at < text.length; ) {
    let end = at;
    if (text[at] === '"') {
      do end = text.indexOf('"', end + 1);
      while (end !== -1 && text[end + 1] === '"' && end++);
      check(end !== -1, `Line ${line}: the file is cut off here`);
    } else {
      plainEnd.lastIndex = at;
      end = plainEnd.exec(text).index;
    }
    const isQuoted = end > at && text[at] === '"';
    const cell = isQuoted ? text.slice(at + 1, end).replaceAll('""', '"') : text.slice(at, end);
    separatorAt.lastIndex = isQuoted ? end + 1 : end;
    const [separator] = separatorAt.exec(text) ?? [];
    check(separator !== undefined, `Line ${line}: the file is cut off here, or this is no CSV`);
    cells.push(cell);
    line += cell.split("\n").length - 1;
    at = separatorAt.lastIndex;
    if (separator === ",") continue;
    line++;
    yield [begin, cells];
    cells = [];
    begin = line;
  }
  check(cells.length === 0, `Line ${line}: the file is cut off here`);
}

const structured = new Set(["sequence", "actor", "details", "publicKeyJwk"]);
const nullable = new Set(["agentId", "target", "publicKeyJwk", "keyCompromisedAt"]);
const eventFields =
  "eventId sequence organizationId agentId action outcome actor target details timestamp previousHash hash".split(" ");
const keyFields = ["publicKeyJwk", "keyCompromisedAt"];
const checkpointFields = ["sequence", "timestamp", "eventId", "hash", "jws", ...keyFields];
/** The members of a line of each type, without the type. An event has no type in JSON. */
const fieldsOf = {
  event: eventFields,
  agent: ["agentId", "email"],
  checkpoint: checkpointFields,
  key: keyFields,
  end: ["details"],
};

/** The value of a cell. The export writes an apostrophe before a cell that a spreadsheet could take for a formula. */
function cellValue(name, cell) {
  if (cell === "" && nullable.has(name)) return null;
  const text = /^'[=+\-@'\t\r]/.test(cell) ? cell.slice(1) : cell;
  return structured.has(name) ? exactly(text) : text;
}

/** A JSON value that is written as ECMAScript writes it: a member that is there twice, of which one would be lost, is not. */
function exactly(text) {
  const value = JSON.parse(text);
  if (JSON.stringify(value) !== text) throw new SyntaxError("not as the export writes it");
  return value;
}

function* linesOfCsv(text) {
  let names = null;
  for (const [line, cells] of rowsOf(text)) {
    if (names === null) {
      names = cells;
      const columns = new Set(["type", ...Object.values(fieldsOf).flat()]);
      const missing = [...columns].filter((name) => !names.includes(name));
      check(
        missing.length === 0,
        `Line 1: the columns ${missing.join(", ")} are missing: this is no export of the audit log`,
      );
      check(names.length === columns.size, "Line 1: a column was added");
      continue;
    }
    check(cells.length === names.length, `Line ${line}: the row has ${cells.length} cells instead of ${names.length}`);
    const row = Object.fromEntries(names.map((name, index) => [name, cells[index]]));
    const fields = Object.hasOwn(fieldsOf, row.type) ? fieldsOf[row.type] : null;
    check(fields, `Line ${line}: no line of an export has the type ${row.type.slice(0, 40)}`);
    const added = names.filter((name) => name !== "type" && !fields.includes(name) && row[name] !== "");
    check(added.length === 0, `Line ${line}: the cell ${added[0]} was added`);
    try {
      const values = fields.map((name) => [name, cellValue(name, row[name])]);
      yield [line, row.type, Object.fromEntries(values)];
    } catch {
      throw new Fault(`Line ${line}: a cell is not readable: it was changed`);
    }
  }
}

function* linesOfJson(text) {
  const lines = text.split("\n");
  const rest = lines.pop();
  for (const [index, line] of lines.entries()) {
    const where = `Line ${index + 1}`;
    let entry;
    try {
      entry = exactly(line.endsWith("\r") ? line.slice(0, -1) : line);
    } catch {
      throw new Fault(`${where} is no JSON as the export writes it: it was changed`);
    }
    const { type = "event", ...fields } = entry;
    const isKnown = Object.hasOwn(fieldsOf, type) && (type !== "event" || !("type" in entry));
    check(isKnown, `${where}: no line of an export has the type ${String(type).slice(0, 40)}`);
    yield [index + 1, type, fields];
  }
  check(rest === "", `Line ${lines.length + 1} has no end: the file is cut off here`);
}

const linesOf = (text) => (text.startsWith("{") ? linesOfJson(text) : linesOfCsv(text));

// The chain

/** RFC 8785: members in the order of their UTF-16 code units, numbers and strings as ECMAScript writes them. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** Reads the export: checks every hash and every link, and collects the rest. */
function readExport(text) {
  const hashes = new Map();
  const ids = new Map();
  const found = {
    hashes,
    ids,
    gaps: [],
    acceptances: [],
    checkpoints: [],
    keys: [],
    end: null,
    first: null,
    last: null,
    events: 0,
  };
  for (const [line, type, entry] of linesOf(text)) {
    check(found.end === null, `Line ${line}: something follows the end of the export`);
    if (type === "event") addEvent(found, line, entry);
    if (type === "checkpoint") found.checkpoints.push({ line, ...entry });
    if (type === "key") addKey(found, line, entry);
    if (type === "end") found.end = { line, ...entry.details };
  }
  return found;
}

function addKey(found, line, entry) {
  const { publicKeyJwk } = entry;
  const isWhole = publicKeyJwk?.kty === "EC" && publicKeyJwk.kid === thumbprintOf(publicKeyJwk);
  check(isWhole, `Line ${line}: the key was changed: its kid is not its thumbprint`);
  found.keys.push(entry);
}

function addEvent(found, line, { hash, ...event }) {
  const { sequence, previousHash, eventId, organizationId } = event;
  const { hashes, last } = found;
  const which = `Line ${line}: event ${sequence} (${eventId})`;
  check(Number.isSafeInteger(sequence) && typeof hash === "string", `Line ${line} is no event`);
  check(sha256(canonical(event)) === hash, `${which} was changed: its hash is not that of its fields`);
  if (last === null) {
    check(
      sequence > 0 && (sequence > 1 || previousHash === zeros),
      `${which} does not begin the chain as number 1 does`,
    );
    hashes.set(sequence - 1, previousHash);
  } else {
    check(organizationId === last.organizationId, `${which} is of another organization`);
    check(sequence > last.sequence, `${which} is in the wrong place: it comes after event ${last.sequence}`);
    if (sequence > last.sequence + 1) {
      found.gaps.push({
        fromSequence: last.sequence + 1,
        toSequence: sequence - 1,
        previousHash: last.hash,
        lastHash: previousHash,
      });
      hashes.set(sequence - 1, previousHash);
    } else {
      check(
        previousHash === last.hash,
        `${which} does not follow event ${last.sequence}: the hash of the event before it differs`,
      );
    }
  }
  hashes.set(sequence, hash);
  found.ids.set(sequence, eventId);
  if (event.action === "audit.gap_accepted") found.acceptances.push({ ...event.details, sequence });
  found.first ??= event;
  found.last = { ...event, hash };
  found.events++;
}

// The signatures

const partOf = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

/** RFC 7638, for a key on P-256. The `kid` of a key of the service is this thumbprint. */
const thumbprintOf = ({ crv, kty, x, y }) =>
  createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");

/** What a checkpoint signs, once its signature is right. */
function signedBy({ jws, publicKeyJwk }, where) {
  try {
    const segments = jws.split(".");
    const [header, payload, signature] = segments;
    const isCanonical = segments.every((one) => Buffer.from(one, "base64url").toString("base64url") === one);
    const { alg, typ, kid } = partOf(header);
    const key = { key: createPublicKey({ key: publicKeyJwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
    const isSigned = verify("sha256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"));
    if (
      isSigned &&
      isCanonical &&
      alg === "ES256" &&
      typ === "audit-checkpoint+jwt" &&
      kid === thumbprintOf(publicKeyJwk)
    ) {
      return { ...partOf(payload), kid };
    }
  } catch {
    // Not readable: no signature.
  }
  throw new Fault(`${where} is forged: its signature is not that of its key`);
}

/** The last position that a key that counts has signed; null for none. */
function checkSignatures(found, stored, trustedKids) {
  const { hashes, ids, first, last } = found;
  const compromised = new Set(
    [...found.keys, ...found.checkpoints, ...stored]
      .filter(({ keyCompromisedAt }) => keyCompromisedAt)
      .map(({ publicKeyJwk }) => publicKeyJwk?.kid),
  );
  const offered = new Set(found.keys.map(({ publicKeyJwk }) => publicKeyJwk?.kid));
  const ignored = { compromised: 0, untrusted: 0 };
  let end = null;
  const here = found.checkpoints.map((one) => [one, `Line ${one.line}: the checkpoint`]);
  const earlier = stored.map((one) => [one, "A stored checkpoint"]);
  for (const [checkpoint, where] of [...here, ...earlier]) {
    const { organizationId, sequence, hash, timestamp, kid } = signedBy(checkpoint, where);
    const name = `${where} of event ${sequence}`;
    for (const [field, value] of Object.entries({ sequence, hash, timestamp })) {
      check(checkpoint[field] === value, `${name} was changed: its ${field} is not the signed one`);
    }
    check(
      checkpoint.eventId === (ids.get(sequence) ?? checkpoint.eventId),
      `${name} was changed: its eventId is that of another event`,
    );
    check(organizationId === last.organizationId, `${name} is of another organization`);
    if (compromised.has(kid)) ignored.compromised++;
    else if (trustedKids ? !trustedKids.has(kid) : checkpoint.line && !offered.has(kid)) ignored.untrusted++;
    else {
      check(
        sequence <= last.sequence,
        `The end is cut off: the file ends at event ${last.sequence}, and event ${sequence} was signed`,
      );
      check(
        !hashes.has(sequence) || hashes.get(sequence) === hash,
        `${name} signs another hash: the chain was changed and recomputed`,
      );
      if (hashes.has(sequence) && sequence >= first.sequence && !(end?.sequence >= sequence))
        end = { sequence, timestamp, kid };
    }
  }
  return { end, ignored };
}

/** The gaps, each of which a signed event must accept. */
function checkGaps({ gaps, acceptances, first }, signedThrough) {
  const signed = acceptances.filter(({ sequence }) => sequence <= signedThrough);
  // Gaps before the first event of the file. The one just before it must end where that event begins.
  const before = signed.filter(
    ({ toSequence, lastHash }) =>
      toSequence < first.sequence - 1 || (toSequence === first.sequence - 1 && lastHash === first.previousHash),
  );
  const accepted = new Map(before.map((one) => [`${one.fromSequence}-${one.toSequence}`, one]));
  for (const gap of gaps) {
    const { fromSequence, toSequence } = gap;
    const acceptance = signed.find(
      (one) => toSequence < one.sequence && Object.entries(gap).every(([name, value]) => one[name] === value),
    );
    check(acceptance, `Events ${fromSequence} to ${toSequence} are missing, and no signed event accepts that`);
    accepted.set(`${fromSequence}-${toSequence}`, acceptance);
  }
  return [...accepted.values()];
}

function checkEnd({ end, events, checkpoints, keys }) {
  if (!end) return;
  const counted = { events, checkpoints: checkpoints.length, keys: keys.length };
  for (const [name, count] of Object.entries(counted)) {
    check(
      end[name] === count,
      `Line ${end.line}: the export had ${end[name]} ${name}, and the file has ${count}: lines are missing or added`,
    );
  }
}

// The command

const usage = "Usage: node verify-audit-log.mjs EXPORT [--keys FILE] [--checkpoints FILE]";

/** The text of a file in UTF-8, without a byte order mark. */
function read(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Misuse(`${path} cannot be read: ${error.message}`);
  }
  if (bytes.length > 500_000_000) throw new Misuse(`${path} has more than 500 MB: export the log in parts (from, to)`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Fault(`${path} is not UTF-8, as an export is: it was changed or converted`);
  }
}

function filesOf([...words]) {
  const files = { export: null, keys: null, checkpoints: null };
  while (words.length > 0) {
    const word = words.shift();
    const option = /^--(keys|checkpoints)$/.exec(word)?.[1];
    const name = option ?? "export";
    const value = option ? words.shift() : word;
    if (value === undefined || value.startsWith("-") || files[name] !== null) throw new Misuse(usage);
    files[name] = value;
  }
  if (files.export === null) throw new Misuse(usage);
  return files;
}

/** The `kid`s of a JWK Set, each the thumbprint of its key. */
function kidsIn(path) {
  try {
    const { keys } = JSON.parse(read(path));
    return new Set(keys.filter(({ crv }) => crv === "P-256").map(thumbprintOf));
  } catch (error) {
    throw error instanceof Misuse ? error : new Misuse(`${path} is no JWK Set, such as /.well-known/jwks.json`);
  }
}

function checkpointsIn(path) {
  const text = read(path);
  try {
    const { data } = JSON.parse(text);
    if (Array.isArray(data)) return data;
  } catch {
    // Not the answer of the service: an export.
  }
  return readExport(text).checkpoints.map(({ line: _, ...checkpoint }) => checkpoint);
}

function main(words) {
  const files = filesOf(words);
  const text = read(files.export);
  check(text.trim() !== "", "The file is empty");
  const trustedKids = files.keys === null ? null : kidsIn(files.keys);
  const stored = files.checkpoints === null ? [] : checkpointsIn(files.checkpoints);
  const found = readExport(text);
  check(found.events > 0, "The file has no events, so nothing is verified");
  const { first, last, end: isEnded } = found;
  const { end, ignored } = checkSignatures(found, stored, trustedKids);
  const accepted = checkGaps(found, end?.sequence ?? 0);
  checkEnd(found);

  console.log(
    `Organization ${last.organizationId}: ${found.events} events, ${first.sequence} to ${last.sequence}, ` +
      `${first.timestamp} to ${last.timestamp}.`,
  );
  console.log("Checked: the hash of every event, and that each follows the one before it.");
  for (const { fromSequence, toSequence, acceptedAt, reason } of accepted) {
    console.log(
      `Events ${fromSequence} to ${toSequence} are missing. The operator accepted that at ${acceptedAt}: ${reason}`,
    );
  }
  if (first.sequence > 1 && !accepted.some((one) => one.fromSequence === 1 && one.toSequence === first.sequence - 1)) {
    console.log(
      `Events 1 to ${first.sequence - 1} are not in this file, so nothing is verified of them: ` +
        "the export began later, or they were removed by age.",
    );
  }
  if (ignored.compromised > 0)
    console.log(`${ignored.compromised} checkpoints do not count: their key is compromised.`);
  if (ignored.untrusted > 0)
    console.log(`${ignored.untrusted} checkpoints do not count: their key is not among the keys.`);
  if (end) {
    console.log(`Signed: events up to ${end.sequence}, at ${end.timestamp}, by the key ${end.kid}.`);
    if (!trustedKids) {
      console.log(
        "Compare that kid with the one in /.well-known/jwks.json of the service, or name keys that you trust by --keys.",
      );
    }
    if (end.sequence < last.sequence) console.log(`Not signed: events ${end.sequence + 1} to ${last.sequence}.`);
  } else {
    console.log("Not signed: no checkpoint that counts is there, so the whole log could have been recomputed.");
  }
  if (!isEnded) {
    console.log("The file has no last line: it was exported without checkpoints=true, or its end is cut off.");
  }
  const isProven = end?.sequence === last.sequence && isEnded;
  console.log(isProven ? "VERIFIED" : "HOLDS, BUT IS NOT PROVEN TO ITS END");
  return isProven ? 0 : 3;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Misuse) console.error(error.message);
  else if (error instanceof Fault) console.error(`NOT VERIFIED: ${error.message}`);
  else throw error;
  process.exitCode = error instanceof Misuse ? 2 : 1;
}
