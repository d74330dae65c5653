/** The source text of the program (`rules` in wrangler.toml). */
declare module "*/scripts/verify-audit-log.mjs" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: a text module has its text there
  export default text;
}
