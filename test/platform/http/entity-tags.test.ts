/** Entity tags and preconditions: how the headers are read, and how tags are compared. */
import { describe, expect, it } from "vitest";
import { entityTagOf, entityTagsIn, isKnown, isMatched, refuseUnmet } from "../../../src/platform/http/entity-tags.ts";

describe("an entity tag", () => {
  it("is the SHA-256 of the JSON text, in double quotes", () => {
    // printf '{"a":1}' | sha256sum
    expect(entityTagOf({ a: 1 })).toBe('"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"');
  });
});

describe("a list of entity tags (RFC 9110 8.8.3, 5.6.1)", () => {
  it.each<[string, string | undefined, ReturnType<typeof entityTagsIn>]>([
    ["no header", undefined, null],
    ["one tag", '"xyzzy"', ['"xyzzy"']],
    ["several", '"xyzzy", "r2d2xxxx","c3piozzzz"', ['"xyzzy"', '"r2d2xxxx"', '"c3piozzzz"']],
    ["weak ones", 'W/"xyzzy", "r2d2xxxx"', ['W/"xyzzy"', '"r2d2xxxx"']],
    ["a comma and a backslash inside a tag", '"a,b\\", "c"', ['"a,b\\"', '"c"']],
    ["the empty tag", '""', ['""']],
    ["empty elements and blanks", ' ,, "a" ,\t, "b", ', ['"a"', '"b"']],
    ["every representation", " * ", "*"],
    ["nothing", "", null],
    ["separators alone", ",,", null],
    ["no quotes", "xyzzy", null],
    ["an open quote", '"xyzzy', null],
    ["no comma", '"a""b"', null],
    ["text after a tag", '"a"b', null],
    ["w in lower case", 'w/"a"', null],
    ["a blank inside a tag", '"a b"', null],
    ["a star in a list", '*, "a"', null],
    ["a star after a tag", '"a", *', null],
  ])("%s", (_, value, tags) => {
    expect(entityTagsIn(value)).toEqual(tags);
  });

  it("attack: a long one without an end costs linear time", () => {
    expect(entityTagsIn(`${'"x",'.repeat(16_000)}"`)).toBeNull();
    expect(entityTagsIn(`"x"${" ,".repeat(32_000)}x`)).toBeNull();
  });
});

describe("the comparison", () => {
  // The table of RFC 9110 8.8.3.2: the tag of the header, our tag, strong, weak. Our tags are never weak.
  it.each([
    ['W/"1"', '"1"', false, true],
    ['W/"2"', '"1"', false, false],
    ['"1"', '"1"', true, true],
    ['"2"', '"1"', false, false],
  ])("of %s with %s is strong for If-Match and weak for If-None-Match", (sent, own, strong, weak) => {
    expect(isMatched({ ifMatch: entityTagsIn(sent) }, own)).toBe(strong);
    expect(isKnown({ ifNoneMatch: entityTagsIn(sent) }, own)).toBe(weak);
  });

  it("needs both preconditions of a write to be true", () => {
    const record = { a: 1 };
    const tag = [entityTagOf(record)];
    const codeOf = (ifMatch: "*" | string[] | null, ifNoneMatch: "*" | string[] | null) =>
      refuseUnmet({ ifMatch, ifNoneMatch }, record)?.code ?? null;
    expect([codeOf(null, null), codeOf(tag, null), codeOf("*", ['"x"'])]).toEqual([null, null, null]);
    expect([codeOf(['"x"'], null), codeOf(null, tag), codeOf(tag, "*")]).toEqual(Array(3).fill("PRECONDITION_FAILED"));
  });
});
