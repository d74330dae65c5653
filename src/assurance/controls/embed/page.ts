/** The page for an iframe. The service renders it, so that it works without scripts; the custom element updates it. */
import { createHash } from "node:crypto";
import type { Settings } from "../../../platform/env.ts";
import { type Control, controlCatalogue } from "../catalogue.ts";
import { passesWhile } from "../definitions.ts";
import { controlsStyle } from "./browser/style.ts";
import { timeInFull } from "./browser/times.ts";
import { element, type Node } from "./browser/tree.ts";
import { view } from "./browser/view.ts";
import { htmlOf } from "./html.ts";

/** A theme that overrides the preference of the visitor's system. */
export type Theme = "light" | "dark";

const pageStyle = `
:root { color-scheme: light dark; background: light-dark(#ffffff, #14181f) }
:root[data-theme="light"] { color-scheme: light }
:root[data-theme="dark"] { color-scheme: dark }
body {
  margin: 0;
  color: light-dark(#1b2430, #e8ecf2);
  font: .875rem / 1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
footer { padding: 0 1.25rem 1.25rem }
@media (width < 34rem) { footer { padding-inline: .875rem } }
p, dl, summary { margin: 0 0 .5rem }
dt { margin-top: .75rem; font-weight: 600 }
dd { margin: 0 }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-bottom: .5rem }
a { color: light-dark(#0a58a8, #86bdff) }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
`;

const hashOf = (style: string) => `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/** Allows two styles, the script and the controls of this origin. Any page may frame it: it has only links. */
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

/** From a frame a link opens its own tab. */
const link = (href: string, text: string): Node => element("a", { href, target: "_blank", rel: "noopener" }, text);

const withCode = (text: string): Node[] =>
  text.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));

/** What belongs to this page alone: whose controls these are, when it was made, what each check does, and where more is. */
function footer({ issuer, operator }: Service, nowMs: number): Node {
  const whose = operator.name === null ? "" : `, operated by ${operator.name}`;
  const contact = operator.contact === null ? [] : [link(operator.contact, "Contact the operator")];
  const definitions = controlCatalogue.flatMap(({ id, name }) => [
    element("dt", {}, `${id} ${name}`),
    element("dd", {}, "Passes while ", ...withCode(passesWhile[id]), "."),
  ]);
  return element(
    "footer",
    {},
    element(
      "p",
      {},
      `The controls of ${new URL(issuer).host}${whose}. This page is of `,
      element("time", { datetime: new Date(nowMs).toISOString() }, timeInFull(nowMs)),
      ".",
    ),
    element(
      "nav",
      { "aria-label": "More" },
      link("/api/v1/compliance/controls", "Controls as JSON"),
      link("/tools/verify-audit-log.mjs", "Verifier of audit logs"),
      link("/.well-known/jwks.json", "Keys"),
      link("/", "About this service"),
      ...contact,
    ),
    element("details", {}, element("summary", {}, "What each check does"), element("dl", {}, ...definitions)),
  );
}

/** The settings that name the service. */
export type Service = Pick<Settings, "issuer" | "operator">;

/** The page as an HTML document. `service`: null while its settings are not readable. */
export function controlsPage(
  controls: readonly Control[] | null,
  theme: Theme | null,
  nowMs: number,
  service: Service | null,
): string {
  const html = htmlOf(view({ controls, isWaiting: false, nowMs, headingLevel: 1 }));
  const title = service ? `Security controls of ${new URL(service.issuer).host}` : "Security controls";
  return `<!doctype html>
<html lang="en"${theme ? ` data-theme="${theme}"` : ""}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${htmlOf([element("title", {}, title)])}
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
<script src="/embed/controls.js" defer></script>
</head>
<body>
<main><sentryagent-controls heading="1"${theme ? ` theme="${theme}"` : ""}><template shadowrootmode="open"><style>${controlsStyle}</style>${html}</template></sentryagent-controls></main>
${service ? htmlOf([footer(service, nowMs)]) : ""}
</body>
</html>
`;
}
