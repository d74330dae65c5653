/**
 * The version of each language's SDK that is in its registry: npm, PyPI, the Go module proxy, Maven Central, crates.io. A project uses
 * its SDK from then on. With null it calls the API by plain HTTP, with the standard client of its language.
 */
import type { ScaffoldLanguage } from "./schema.ts";

export const published: Readonly<Record<ScaffoldLanguage, string | null>> = {
  typescript: null,
  python: null,
  go: null,
  java: null,
  rust: null,
};
