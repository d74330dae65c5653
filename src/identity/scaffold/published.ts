/**
 * Whether the SDK of a language is in its registry: npm, PyPI, the Go module proxy, Maven Central, crates.io. A project uses its
 * SDK from then on; until then it calls the API by plain HTTP, with the standard client of its language.
 */
import type { ScaffoldLanguage } from "./schema.ts";

export const published: Readonly<Record<ScaffoldLanguage, boolean>> = {
  typescript: false,
  python: false,
  go: false,
  java: false,
  rust: false,
};
