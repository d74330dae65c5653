/** One byte sequence for each JSON value (RFC 8785, JCS), and its digest. */
import { hash } from "node:crypto";
import canonicalize from "canonicalize";

/** Refuses values that JSON.stringify changes silently: it writes a Map as `{}` and omits a function. */
function refuseUnlessJson(_name: string, value: unknown): unknown {
  const tag = Object.prototype.toString.call(value);
  const isPlain = value === null || Array.isArray(value) || tag === "[object Object]";
  if (["function", "symbol", "bigint"].includes(typeof value) || (typeof value === "object" && !isPlain)) {
    throw new TypeError(`JSON cannot express ${tag}`);
  }
  return value;
}

/**
 * The canonical form of a value (RFC 8785): members sorted by UTF-16 code units, numbers as ECMAScript prints them, no
 * white space. Members that are `undefined` are left out, as by JSON.stringify.
 *
 * @throws {Error} for values that JCS cannot express: NaN, Infinity, lone surrogates, bigints, functions, symbols, objects
 *   such as Map, cycles, `undefined` itself
 */
export function canonicalJson(value: unknown): string {
  const canonical = canonicalize(value);
  if (canonical === undefined) throw new TypeError("JSON cannot express undefined");
  JSON.stringify(value, refuseUnlessJson);
  return canonical;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(8192);

/** The UTF-8 form of a text, valid until the next call: a new buffer for each text costs as much as hashing it. */
function utf8(text: string): Uint8Array {
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

/** SHA-256 of the UTF-8 form of a text, as 64 lower-case hexadecimal characters. Synchronous: a hash chain cannot wait between links. */
export function sha256Hex(text: string): string {
  return hash("sha256", utf8(text), "hex");
}
