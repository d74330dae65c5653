/** The settings of the examples: environment variables. `npm start` writes the first admin's to .local/admin.env. */

/** The value of a setting, or its default. Without either, the program ends with exit code 2. */
export function setting(name: string, fallback = ""): string {
  const value = process.env[name] || fallback;
  if (value !== "") return value;
  console.error(`${name} is not set: see examples/README.md.`);
  process.exit(2);
}
