/** The version of the library, and the text that names it to the service. */

export const version = "0.1.0";

interface Globals {
  readonly Bun?: { readonly version: string };
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly process?: { readonly versions?: { readonly node?: string }; readonly platform?: string };
  readonly navigator?: { readonly userAgent?: string };
}

/** Null in browsers: they name themselves, and another name there needs the permission of CORS. */
function runtime({ Bun, Deno, process, navigator }: Globals): string | null {
  if (Bun) return `bun/${Bun.version}`;
  if (Deno) return `deno/${Deno.version.deno}`;
  if (navigator?.userAgent === "Cloudflare-Workers") return "workerd/1";
  return process?.versions?.node ? `node/${process.versions.node}` : null;
}

/** Header values have no control characters, and only ASCII here. */
const plain = (text: string) => text.replace(/[^\x21-\x7e]/g, "-");

/** The `User-Agent`; null where the library must not set one. */
export function userAgent(app?: {
  readonly name: string;
  readonly version?: string;
  readonly url?: string;
}): string | null {
  const globals = globalThis as Globals;
  const system = globals.process?.platform ?? "unknown";
  const name = runtime(globals);
  if (name === null) return null;
  const library = `sentryagent-idp-typescript/${version} (${name}; ${system})`;
  if (!app) return library;
  const url = app.url ? ` (${plain(app.url)})` : "";
  return `${library} ${plain(app.name)}${app.version ? `/${plain(app.version)}` : ""}${url}`;
}

/** A setting of the environment; undefined where the runtime has none, or does not let the program see it. */
export function environment(name: string): string | undefined {
  try {
    const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env;
    return env?.[name] || undefined;
  } catch {
    return undefined;
  }
}
