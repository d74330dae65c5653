/** The viewer is bundled as text (see the rules in wrangler.toml), because it runs in browsers. */
declare module "openapi-explorer/dist/browser/openapi-explorer.min.js" {
  const source: string;
  // biome-ignore lint/style/noDefaultExport: a text module has its text there
  export default source;
}
