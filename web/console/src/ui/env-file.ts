/** A `.env` file. */

/** Values go in single quotes, in which a shell and every reader of such files take each character as it is. */
export function envFile(variables: readonly (readonly [string, string])[]): string {
  return variables.map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`).join("");
}
