import { describe, expect, it } from "vitest";
import { send, sendThing } from "./_small-app.ts";

const limit = 256 * 1024;
/** A JSON body of exactly so many bytes. */
const sized = (bytes: number) => `{"name":"${"a".repeat(bytes - 11)}"}`;

/** A body in pieces, for which no Content-Length is sent. */
function inPieces(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 10_000));
      at += 10_000;
    },
  });
}

describe("413 PAYLOAD_TOO_LARGE", () => {
  it("a body of 256 KiB is taken", async () => {
    expect((await sendThing(sized(limit))).status).toBe(201);
    expect((await sendThing(inPieces(sized(limit)))).status).toBe(201);
  });

  it.each([
    ["one byte more", () => sized(limit + 1)],
    ["one byte more, in pieces without Content-Length", () => inPieces(sized(limit + 1))],
    ["1 MB", () => sized(1_000_000)],
    ["200,000 nested arrays", () => "[".repeat(200_000) + "]".repeat(200_000)],
    ["characters of more than one byte", () => `{"name":"${"é".repeat(limit / 2)}"}`],
  ])("%s is refused", async (_, body) => {
    const answer = await sendThing(body());
    expect([answer.status, answer.body.code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  });

  it("a stream without end is not read to its end", async () => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    });
    expect((await sendThing(endless)).status).toBe(413);
  });

  it("comes even before 401, and counts what arrives, not what Content-Length says", async () => {
    const answer = await send("/api/v1/things", {
      method: "POST",
      body: inPieces(sized(limit + 1)),
      headers: { "Content-Length": "5" },
    });
    expect(answer.status).toBe(413);
  });
});

describe("400 VALIDATION_ERROR", () => {
  it.each([
    ["broken off", '{"name":'],
    ["empty", ""],
    ["not JSON", "name=x"],
    ["two values", '{"name":"x"}{"name":"y"}'],
    ["NaN", "NaN"],
    ["an open array 100,000 deep", "[".repeat(100_000)],
  ])("malformed JSON: %s", async (_, body) => {
    const answer = await sendThing(body);
    expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(answer.body.message).toBe("Malformed JSON in request body");
    expect(answer.body.details).toEqual({ issues: [{ path: "", message: "Malformed JSON in request body" }] });
  });

  it.each(["null", "true", "0", '"text"', "[]", `${"[".repeat(100_000)}${"]".repeat(100_000)}`])(
    "JSON that is no object",
    async (body) => {
      const answer = await sendThing(body);
      expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
    },
  );

  it("a field 60,000 objects deep", async () => {
    const answer = await sendThing(`{"name":${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}}`);
    expect(answer.body.details.issues.map((issue: { path: string }) => issue.path)).toEqual(["name"]);
  });

  it.each([
    ["a lone continuation byte", [0x22, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["a surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a character that breaks off", [0x22, 0xe2, 0x82, 0x22]],
    ["Latin-1", [0x22, 0xfc, 0x22]],
  ])("bytes that are no UTF-8: %s", async (_, bytes) => {
    const answer = await sendThing(new Uint8Array([...new TextEncoder().encode('{"name":'), ...bytes, 0x7d]));
    expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(answer.body.details).toEqual({ issues: [{ path: "", message: "the body is not UTF-8" }] });
  });

  it("a body whose stream fails", async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("gone")) });
    const answer = await sendThing(broken);
    expect([answer.status, answer.body.message]).toEqual([400, "request: the body broke off"]);
  });

  it("no body at all names what is missing", async () => {
    const answer = await send("/api/v1/things", { method: "POST", headers: { Authorization: "Bearer writer" } });
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues[0].path).toBe("name");
  });

  it("what was received is told, unless it is a secret or long", async () => {
    const answer = await sendThing(JSON.stringify({ name: 7, ttlSeconds: 61, secret: "hush-hush" }));
    expect(answer.body.details.issues).toEqual([
      { path: "name", message: expect.any(String), received: 7 },
      { path: "ttlSeconds", message: expect.any(String), received: 61 },
      { path: "secret", message: expect.any(String) },
    ]);
    expect(JSON.stringify(answer.body)).not.toContain("hush");
    const long = await sendThing(JSON.stringify({ name: "x", ttlSeconds: "9".repeat(201) }));
    expect(long.body.details.issues).toEqual([{ path: "ttlSeconds", message: expect.any(String) }]);
  });

  it.each(["__proto__", "constructor", "prototype", "toString", "nmae"])(
    "an unknown field is named: %s",
    async (field) => {
      const answer = await sendThing(`{"name":"x","${field}":{"isOperator":true}}`);
      expect(answer.status).toBe(400);
      expect(answer.body.details).toEqual({ issues: [{ path: field, message: "is not a known field" }] });
    },
  );

  it("20,000 unknown fields get a short answer", async () => {
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`f${n}`, 0]));
    const answer = await sendThing(JSON.stringify({ name: "x", ...fields }));
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues).toHaveLength(50);
  });

  it("an unknown field with a name of 200 KB gets a short answer", async () => {
    const answer = await sendThing(JSON.stringify({ name: "x", ["f".repeat(200_000)]: 0 }));
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1000);
  });
});

describe("415 UNSUPPORTED_MEDIA_TYPE", () => {
  it.each([
    "application/json",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
    "Application/JSON",
    "application/json;",
    "application/json; ; charset=utf-8 ;",
    'application/json ; charset="UTF-8"; x="a;b"',
  ])("RFC 9110 5.6.6: %s is JSON", async (type) => {
    expect((await sendThing('{"name":"x"}', { "Content-Type": type })).status).toBe(201);
  });

  it.each([
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    "text/plain",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/ld+json",
    "application/jsonp",
    "json",
    ";",
    "*/*",
  ])("%s is refused", async (type) => {
    const answer = await sendThing('{"name":"x"}', { "Content-Type": type });
    expect([answer.status, answer.body.code]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    expect(answer.body.message).toBe("The body must be application/json in UTF-8.");
  });

  it.each([
    ["application/x-www-form-urlencoded;", "grant_type=x", 200],
    ["application/x-www-form-urlencoded ; charset=UTF-8;", "grant_type=x", 200],
    ["application/x-www-form-urlencoded; charset=ISO-8859-1", "grant_type=x", 200],
    ["application/x-www-form-urlencoded; charset=us-ascii", "grant_type=x", 200],
    ["application/x-www-form-urlencoded; charset=ISO-8859-1", "grant_type=é", 415],
    ["application/x-www-form-urlencoded; charset=utf-16", "grant_type=x", 415],
  ])("a form of the type %s: %s", async (type, body, status) => {
    expect((await send("/api/v1/token", { method: "POST", body, headers: { "Content-Type": type } })).status).toBe(
      status,
    );
  });

  it("a body without a type is refused", async () => {
    const body = new TextEncoder().encode('{"name":"x"}');
    const answer = await send("/api/v1/things", { method: "POST", body, headers: { Authorization: "Bearer writer" } });
    expect(answer.status).toBe(415);
  });

  it.each(["multipart/form-data; boundary=x", "multipart/form-data", "text/plain"])(
    "RFC 6749 3.2: the token endpoint refuses %s",
    async (type) => {
      const answer = await send("/api/v1/token", { method: "POST", body: "--x--", headers: { "Content-Type": type } });
      expect(answer.status).toBe(415);
    },
  );
});

describe("forms", () => {
  it.each([
    ["percent signs that encode nothing", "grant_type=%&%zz=%e2%82", 200],
    ["only separators", "&&&===&", 400],
    ["__proto__", "grant_type=x&__proto__=y&__proto__=z&constructor[]=1", 200],
    ["10,000 parameters", `grant_type=x${"&a=b".repeat(10_000)}`, 200],
    ["array names", "grant_type[]=x&grant_type[]=y", 400],
  ])("%s", async (_, body, status) => {
    const answer = await send("/api/v1/token", {
      method: "POST",
      body,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect(answer.status).toBe(status);
  });
});
