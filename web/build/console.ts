/** Builds the console with Vite: `console/index.html`, and scripts and styles in `assets/`. */
import { join } from "node:path";
import { build, type Rolldown } from "vite";
import { gzipBytes, kib, type Measure, output } from "./output.ts";

type Chunk = Rolldown.OutputChunk;

const web = join(import.meta.dirname, "..");

/** The chunks that a browser loads with these: they and their static imports. */
function closureOf(chunks: ReadonlyMap<string, Chunk>, roots: readonly Chunk[]): Set<Chunk> {
  const found = new Set<Chunk>();
  const visit = (chunk: Chunk) => {
    if (found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) {
      const imported = chunks.get(name);
      if (imported) visit(imported);
    }
  };
  roots.forEach(visit);
  return found;
}

const sizeOf = (chunks: Iterable<Chunk>) => [...chunks].reduce((sum, { code }) => sum + gzipBytes(code), 0);

const isCharts = ({ moduleIds }: Chunk) => moduleIds.some((id) => id.includes("/node_modules/recharts/"));

/** The sizes of the script of the sign-in page, of each further screen, and of the charts. */
function measuresOf(all: readonly Chunk[]): Measure[] {
  const chunks = new Map(all.map((chunk) => [chunk.fileName, chunk]));
  const screens = all.filter(({ isDynamicEntry }) => isDynamicEntry);
  const isSignIn = ({ facadeModuleId }: Chunk) => facadeModuleId?.includes("/screens/sign-in/") === true;
  const first = closureOf(chunks, [...all.filter(({ isEntry }) => isEntry), ...screens.filter(isSignIn)]);
  const charts = all.filter(isCharts);
  const later = screens.filter((chunk) => !first.has(chunk) && !isCharts(chunk));
  return [
    { what: "Console, sign-in", bytes: sizeOf(first), most: 150 * kib },
    ...later.map((screen) => {
      const own = [...closureOf(chunks, [screen])].filter((chunk) => !first.has(chunk) && !isCharts(chunk));
      return { what: `Console, ${screen.name}`, bytes: sizeOf(own), most: 40 * kib };
    }),
    ...(charts.length === 0 ? [] : [{ what: "Console, charts", bytes: sizeOf(charts), most: 130 * kib }]),
  ];
}

/** Screens other than Analytics that load the charts. */
function strangersToCharts(all: readonly Chunk[]): string[] {
  const chunks = new Map(all.map((chunk) => [chunk.fileName, chunk]));
  return all
    .filter(({ isEntry, isDynamicEntry }) => isEntry || isDynamicEntry)
    .filter((chunk) => !isCharts(chunk) && [...closureOf(chunks, [chunk])].some(isCharts))
    .filter(({ facadeModuleId }) => facadeModuleId?.includes("/screens/analytics/") !== true)
    .map(({ name }) => name);
}

/** Builds the console. */
export async function buildConsole(): Promise<readonly Measure[]> {
  // Vitest sets it to `test`, and React would be the one for development.
  process.env.NODE_ENV = "production";
  const result = await build({
    configFile: false,
    logLevel: "warn",
    root: web,
    base: "/",
    publicDir: false,
    // The policy of the page allows no scripts and styles within it.
    build: {
      outDir: output,
      emptyOutDir: false,
      assetsDir: "assets",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: "es2023",
      rolldownOptions: {
        input: join(web, "console", "index.html"),
        // "use client" is for servers that render React; the packages have it in every module.
        onLog: (level, log, handler) => {
          if (log.code !== "MODULE_LEVEL_DIRECTIVE") handler(level, log);
        },
        checks: { pluginTimings: false },
      },
    },
  });
  if (!("output" in result)) throw new Error("Vite returned no output");
  const chunks = result.output.filter((file) => file.type === "chunk");
  const strangers = strangersToCharts(chunks);
  if (strangers.length > 0) throw new Error(`The charts are for Analytics alone, but these load them: ${strangers}`);
  return measuresOf(chunks);
}
