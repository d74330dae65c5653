/** How the local programs end when they cannot go on. */

/** Something that the reader has to do; its message says what. */
export class Advice extends Error {
  override readonly name = "Advice";
}

/** Ends the program with a message for its reader: without a stack when there is something to do about it. */
export function giveUp(error: unknown): never {
  console.error(error instanceof Advice ? `\n${error.message}\n` : error);
  process.exit(1);
}
