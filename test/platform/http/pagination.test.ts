import { z } from "@hono/zod-openapi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor, page } from "../../../src/platform/http/pagination.ts";
import type { OrganizationId } from "../../../src/platform/ids.ts";
import { send } from "./_small-app.ts";

const organizationId = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" as OrganizationId;
const agents = { name: "agents", organizationId };
const refused = {
  code: "VALIDATION_ERROR",
  details: { issues: [{ path: "cursor", message: "is not a cursor of this list" }] },
};

const list = (query: string) => send(`/api/v1/things${query}`, { headers: { Authorization: "Bearer reader" } });

describe("limit", () => {
  it.each([
    ["", 20],
    ["?limit=1", 1],
    ["?limit=100", 100],
  ])("%s asks for %i rows", async (query, limit) => {
    const answer = await list(query);
    expect(answer.body).toEqual({ limit, cursor: null });
  });

  it.each(["0", "101", "-1", "1.5", "1e1", "0x10", "", "%20", "ten", "999999999999999999999", "1&limit=2"])(
    "limit=%s is a VALIDATION_ERROR",
    async (limit) => {
      const answer = await list(`?limit=${limit}`);
      expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
      expect(answer.body.message).toBe("limit: must be a whole number from 1 to 100");
    },
  );

  it.each(["?cursor=a&cursor=b", "?__proto__=1&cursor=a&cursor=b"])(
    "two cursors are a VALIDATION_ERROR: %s",
    async (query) => {
      expect((await list(query)).body.message).toBe("cursor: must be one text");
    },
  );
});

describe("cursor", () => {
  it("holds the key it was made of, whatever that is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 100 }), fc.maxSafeInteger(), (text, number) => {
        const key = [text, number] as const;
        const decoded = decodeCursor(agents, z.tuple([z.string(), z.number()]), encodeCursor(agents, key));
        expect(decoded).toEqual({ ok: true, value: key });
      }),
    );
  });

  it("none is the first page", () => {
    expect(decodeCursor(agents, z.string(), undefined)).toEqual({ ok: true, value: null });
  });

  it.each([
    ["another list's", encodeCursor({ ...agents, name: "credentials" }, "key")],
    ["another organization's", encodeCursor({ ...agents, organizationId: "other" as OrganizationId }, "key")],
    ["one with a key of another type", encodeCursor(agents, 7)],
    ["one with more in it", btoa(JSON.stringify(["agents", organizationId, "key", 1])).replaceAll("=", "")],
    ["one in another spelling", btoa(JSON.stringify(["agents", organizationId, "key"], null, 1)).replaceAll("=", "")],
    ["an empty one", ""],
    ["one that is no base64url", "%%%"],
    ["one that is no JSON", "AAAA"],
    ["a very long one", "A".repeat(100_000)],
    ["SQL", "' OR 1=1 --"],
  ])("%s is a VALIDATION_ERROR on cursor", (_, cursor) => {
    expect(decodeCursor(agents, z.string(), cursor)).toMatchObject(refused);
  });

  it("one that is a character shorter, longer or other is a VALIDATION_ERROR or points elsewhere, never the same", () => {
    const cursor = encodeCursor(agents, "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11");
    const schema = z.uuid();
    for (const other of [cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, ` ${cursor}`]) {
      expect(decodeCursor(agents, schema, other)).toMatchObject(refused);
    }
    const same = { ok: true, value: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11" };
    for (let at = 0; at < cursor.length; at++) {
      const changed = `${cursor.slice(0, at)}${cursor[at] === "A" ? "B" : "A"}${cursor.slice(at + 1)}`;
      expect(decodeCursor(agents, schema, changed)).not.toEqual(same);
    }
  });
});

describe("page", () => {
  const cursorOf = (row: number) => `after ${row}`;

  it("one row more than asked for says that there is a next page, after the last row shown", () => {
    expect(page([9, 8, 7], 2, cursorOf)).toEqual({ data: [9, 8], nextCursor: "after 8" });
  });

  it("as many rows as asked for, fewer, or none are the last page", () => {
    expect(page([9, 8], 2, cursorOf)).toEqual({ data: [9, 8], nextCursor: null });
    expect(page([9], 2, cursorOf)).toEqual({ data: [9], nextCursor: null });
    expect(page([], 2, cursorOf)).toEqual({ data: [], nextCursor: null });
  });
});
