/**
 * Reads answers into models: times become `Date`, secrets `Secret`, and what is missing or of another type is an error.
 * The notation of a type: nothing for a text, `n` number, `b` boolean, `d` time, `x` secret, `*` anything, `[` list of,
 * `{` map of, `~` nullable, `@Name` a model.
 */
import { shapes } from "./generated/shapes.ts";
import { Secret } from "./secret.ts";

interface Member {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
}

const read = new Map<string, readonly Member[]>();

function membersOf(model: string): readonly Member[] {
  const known = read.get(model);
  if (known) return known;
  const members = (shapes[model] ?? "").split(" ").map((text): Member => {
    const [, name = "", mark, type = ""] = /^([^:?]+)(\??):?(.*)$/.exec(text) ?? [];
    return { name, optional: mark === "?", type };
  });
  read.set(model, members);
  return members;
}

/** Where an answer is not what the document says. It has no value of the answer. */
export class Mismatch extends Error {}

function expectType(isFit: boolean, path: string, expected: string): void {
  if (!isFit) throw new Mismatch(`${path || "the answer"} is not ${expected}`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * @param strict whether a member that the model does not have is an error
 * @throws {Mismatch}
 */
export function decode(type: string, value: unknown, strict = false, path = ""): unknown {
  const rest = type.slice(1);
  switch (type[0]) {
    case undefined:
      expectType(typeof value === "string", path, "a text");
      return value;
    case "~":
      return value === null ? null : decode(rest, value, strict, path);
    case "n":
      expectType(typeof value === "number", path, "a number");
      return value;
    case "b":
      expectType(typeof value === "boolean", path, "a boolean");
      return value;
    case "x":
      expectType(typeof value === "string", path, "a text");
      return new Secret(value as string);
    case "d": {
      const time = new Date(typeof value === "string" ? value : Number.NaN);
      expectType(!Number.isNaN(time.getTime()), path, "a time");
      return time;
    }
    case "[":
      expectType(Array.isArray(value), path, "a list");
      return (value as unknown[]).map((item, index) => decode(rest, item, strict, `${path}[${index}]`));
    case "{":
      if (!isRecord(value)) throw new Mismatch(`${path || "the answer"} is not an object`);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, decode(rest, item, strict, `${path}.${key}`)]),
      );
    case "@":
      return decodeModel(rest, value, strict, path);
    default:
      return value;
  }
}

function decodeModel(model: string, value: unknown, strict: boolean, path: string): unknown {
  if (!isRecord(value)) throw new Mismatch(`${path || "the answer"} is not an object`);
  const members = membersOf(model);
  const known = new Map(members.map((member) => [member.name, member]));
  for (const { name, optional } of members) {
    if (!optional && !Object.hasOwn(value, name)) throw new Mismatch(`${path}.${name} is missing`);
  }
  // By `fromEntries`, so that a member `__proto__` is a member and no prototype.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const member = known.get(name);
      if (!member && strict) throw new Mismatch(`${path}.${name} is unknown`);
      return [name, member ? decode(member.type, item, strict, `${path}.${name}`) : item];
    }),
  );
}
