/** Errors of the local programs. */

/** An error that the user can fix; the message says how. */
export class Advice extends Error {
  override readonly name = "Advice";
}

/** Prints the error and ends the program. An {@link Advice} is printed without a stack. */
export function giveUp(error: unknown): never {
  console.error(error instanceof Advice ? `\n${error.message}\n` : error);
  process.exit(1);
}
