/** The page for an iframe. The service renders it, so that it works without scripts; the custom element updates it. */
import { createHash } from "node:crypto";
import type { Control } from "../catalogue.ts";
import { controlsStyle } from "./browser/style.ts";
import { view } from "./browser/view.ts";
import { htmlOf } from "./html.ts";

/** A theme that overrides the preference of the visitor's system. */
export type Theme = "light" | "dark";

const pageStyle = `
:root { color-scheme: light dark; background: light-dark(#ffffff, #14181f) }
:root[data-theme="light"] { color-scheme: light }
:root[data-theme="dark"] { color-scheme: dark }
body { margin: 0 }
`;

const hashOf = (style: string) => `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/** Allows two styles, the script and the controls of this origin. Any page may frame it: it has nothing to click on. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src ${hashOf(pageStyle)} ${hashOf(controlsStyle)}`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "frame-ancestors *",
].join("; ");

/** The page as an HTML document. */
export function controlsPage(controls: readonly Control[], theme: Theme | null, nowMs: number): string {
  const html = htmlOf(view({ controls, isWaiting: false, nowMs, headingLevel: 1 }));
  return `<!doctype html>
<html lang="en"${theme ? ` data-theme="${theme}"` : ""}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Security controls</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
<script src="/embed/controls.js" defer></script>
</head>
<body>
<main><sentryagent-controls heading="1"${theme ? ` theme="${theme}"` : ""}><template shadowrootmode="open"><style>${controlsStyle}</style>${html}</template></sentryagent-controls></main>
</body>
</html>
`;
}
