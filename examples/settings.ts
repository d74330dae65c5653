/** The settings of the examples: environment variables. `npm start` writes the first admin's to .local/admin.env. */

/** The value of a setting. Ends the program with exit code 2 when it is missing and has no usual value. */
export function setting(name: string, usual = ""): string {
  const value = process.env[name] || usual;
  if (value !== "") return value;
  console.error(`${name} is not set: examples/README.md says what it is.`);
  process.exit(2);
}
