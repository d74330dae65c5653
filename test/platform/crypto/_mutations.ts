/** Texts that differ from a given one in a single place. */
import fc from "fast-check";

const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));

/** The text with one character replaced by another, left out, or put in. */
export function changedInOnePlace(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(text.length - 1), printable, fc.constantFrom("replace", "remove", "insert"))
    .map(([at, character, how]) => {
      const rest = text.slice(how === "insert" ? at : at + 1);
      return text.slice(0, at) + (how === "remove" ? "" : character) + rest;
    })
    .filter((changed) => changed !== text);
}
