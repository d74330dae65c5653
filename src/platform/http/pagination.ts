/** Lists: newest first, in pages. A page starts after a key, not at an offset, so that it is stable while rows are added. */
import { z } from "@hono/zod-openapi";
import { decodeBase64url, encodeBase64url } from "../crypto/base64url.ts";
import { canonicalJson, sha256Hex } from "../crypto/canonical-json.ts";
import type { OrganizationId } from "../ids.ts";
import { invalid, type Problem } from "../problems/problems.ts";
import { ok, type Result } from "../problems/result.ts";
import { decodeUtf8 } from "../utf8.ts";

const limitRule = "must be a whole number from 1 to 100";

/** The query parameters of every list. A room adds its filters with `pageQuery.extend({ ... })`. */
export const pageQuery = z.object({
  limit: z
    .string({ error: limitRule })
    .regex(/^[1-9][0-9]{0,2}$/, { error: limitRule })
    .transform(Number)
    .refine((limit) => limit <= 100, { error: limitRule })
    .default(20)
    .openapi({ type: "integer", minimum: 1, maximum: 100, default: 20, description: "The most rows of a page" }),
  cursor: z.string({ error: "must be one text" }).optional().openapi({
    description: "`nextCursor` of the previous page; absent for the first page",
    minLength: 1,
    maxLength: 1024,
    pattern: "^[A-Za-z0-9_-]+$",
  }),
});

export type PageRequest = z.output<typeof pageQuery>;

export interface Page<Row> {
  readonly data: Row[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

/** The wire form of a {@link Page}, by the name of its component. */
export function pageSchema<S extends z.ZodType>(name: string, itemSchema: S) {
  return z
    .object({
      data: z.array(itemSchema),
      nextCursor: z.string().nullable().openapi({ description: "null on the last page" }),
    })
    .openapi(name);
}

/** The list that a cursor belongs to. A cursor is valid for one list of one organization only. */
export interface List {
  readonly name: string;
  /** The owner of the rows; `public` for a list that is the same for all callers. */
  readonly organizationId: OrganizationId | "public";
}

/**
 * The list as its query filters and sorts it: a cursor of it is valid with the same parameters only. A digest stands for them, so that
 * a cursor has a bounded length. Without parameters it is the list itself.
 */
export function filtered(list: List, { limit: _, cursor: __, ...filters }: Readonly<Record<string, unknown>>): List {
  const set = Object.entries(filters).filter(([, value]) => value !== undefined);
  if (set.length === 0) return list;
  return { ...list, name: `${list.name}?${sha256Hex(canonicalJson(Object.fromEntries(set))).slice(0, 16)}` };
}

/** The cursor after a row. `key` is the row's value of the sort column. */
export function encodeCursor<Key>(list: List, key: Key): string {
  return encodeBase64url(JSON.stringify([list.name, list.organizationId, key]));
}

function contentOf(cursor: string): unknown {
  try {
    return JSON.parse(decodeUtf8(decodeBase64url(cursor) ?? new Uint8Array()) ?? "");
  } catch {
    return undefined;
  }
}

/**
 * The key in a cursor; null without a cursor. Any other cursor than one of this list is a `VALIDATION_ERROR`. A cursor gives no
 * access: a forged one leads to rows of the caller's own organization.
 */
export function decodeCursor<Key>(
  list: List,
  keySchema: z.ZodType<Key>,
  cursor: string | undefined,
): Result<Key | null> {
  if (cursor === undefined) return ok(null);
  const parsed = z
    .tuple([z.literal(list.name), z.literal(list.organizationId), keySchema])
    .safeParse(cursor.length <= 1024 ? contentOf(cursor) : undefined);
  if (!parsed.success || encodeCursor(list, parsed.data[2]) !== cursor) {
    return invalid([{ path: "cursor", message: "is not a cursor of this list" }]);
  }
  return ok(parsed.data[2]);
}

/** Makes a page. `rows` has up to `limit + 1` rows; the last one shows that there is a next page. */
export function page<Row>(rows: readonly Row[], limit: number, cursorOf: (last: Row) => string): Page<Row> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** How a list is read: its rows older than a key, the key of a row, and its wire form. */
interface Reading<Key, Row, Item> {
  /** Up to `limit` rows after the key; with null the first ones. Or a problem when the list does not exist. */
  readonly read: (page: { readonly before: Key | null; readonly limit: number }) => Promise<readonly Row[] | Problem>;
  readonly keyOf: (row: Row) => Key;
  readonly show: (row: Row) => Item;
}

/**
 * A page of a list.
 *
 * @returns `VALIDATION_ERROR` for a cursor of another list
 *
 * @example
 * ```ts
 * return pageOf({ name: "agents", organizationId }, agentIdSchema, query, {
 *   read: (page) => listRecords(context, organizationId, page),
 *   keyOf: ({ id }) => id,
 *   show: publicAgent,
 * });
 * ```
 */
export async function pageOf<Key, Row, Item>(
  list: List,
  keySchema: z.ZodType<Key>,
  { limit, cursor }: PageRequest,
  { read, keyOf, show }: Reading<Key, Row, Item>,
): Promise<Result<Page<Item>>> {
  const before = decodeCursor(list, keySchema, cursor);
  if (!before.ok) return before;
  const rows = await read({ before: before.value, limit: limit + 1 });
  if ("ok" in rows) return rows;
  const { data, nextCursor } = page(rows, limit, (last) => encodeCursor(list, keyOf(last)));
  return ok({ data: data.map(show), nextCursor });
}
