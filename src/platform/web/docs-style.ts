/** The style of `/docs`. The viewer's colors and fonts are variables, and a rule of the page replaces the viewer's own value. */
import { frameStyle } from "./document.ts";

/** Hex colors only, because the viewer computes others from these. */
const dark =
  "--purple: #c9a6ff; --red: #ff9a91; --orange: #ffb070; --yellow: #e8c66a; --green: #63d297; --blue: #86bdff; --gray: #a5afbd";
const light =
  "--purple: #6f42c1; --red: #b3261e; --orange: #a34a00; --yellow: #7a5b00; --green: #14713f; --blue: #0a58a8; --gray: #465865";

/** The grounds of the heads of operations. */
const grounds = ["purple", "red", "orange", "yellow", "green", "blue", "gray"]
  .map((color) => `--light-${color}: color-mix(in srgb, var(--${color}) 12%, var(--paper));`)
  .join(" ");

export const docsStyle = `${frameStyle}
html, body { height: 100% }
body { display: flex; flex-direction: column }
.site > div { padding-inline: 1.25rem }
#menu {
  padding: .375rem .75rem;
  border: 1px solid var(--line);
  border-radius: 6px;
  background: var(--ground);
  color: inherit;
  font: inherit;
  font-size: .9375rem;
}
@media (width >= 768px) { #menu { display: none } }
.section { margin-block: 1rem }
.section h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.2 }
.section h2 { margin: 1.5rem 0 .5rem; font-size: 1.25rem }
noscript { padding: 1.25rem }
openapi-explorer {
  ${light};
  ${grounds}
  flex: 1;
  min-height: 0;
  --font-regular: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  --font-mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  --font-size-small: 14px;
  --font-size-mono: 14px;
  --font-size-regular: 16px;
  --bg: var(--paper);
  --bg2: var(--ground);
  --bg3: light-dark(#e9edf2, #262d38);
  --light-bg: light-dark(#c5ccd6, #3a4453);
  --fg: var(--ink);
  --fg2: var(--ink);
  --fg3: var(--quiet);
  --light-fg: var(--quiet);
  --border-color: light-dark(#c5ccd6, #3a4453);
  --light-border-color: var(--line);
  --input-bg: light-dark(#ffffff, #1b212a);
  --placeholder-color: var(--quiet);
  --hover-color: var(--ground);
  --primary-color: var(--link);
  --primary-btn-text-color: light-dark(#ffffff, #14181f);
  --secondary-color: var(--link);
  --header-bg: var(--ground);
  --header-fg: var(--ink);
  --nav-bg-color: var(--ground);
  --nav-text-color: var(--quiet);
  --nav-hover-bg-color: light-dark(#e3e8ef, #2a323e);
  --nav-hover-text-color: var(--ink);
  --nav-hover-scrollbar-color: var(--line);
  --code-fg: var(--ink);
  --inline-code-fg: light-dark(#8a2b0b, #ffb38a);
  --code-property-color: light-dark(#8b0047, #ff9dc4);
  --code-keyword-color: light-dark(#00608a, #7fcdf0);
  --code-operator-color: light-dark(#7a4f1d, #e0b27a);
  --selection-bg: var(--link);
  --selection-fg: var(--paper);
}
@media (prefers-color-scheme: dark) { openapi-explorer { ${dark} } }
@media (width < 768px) {
  .site > div { gap: .25rem .5rem }
  .site nav { order: 1; width: 100% }
  .brand, #menu { font-size: .875rem }
  #menu { padding-block: .125rem }
  openapi-explorer { position: relative }
  openapi-explorer::part(section-navbar) { position: absolute; inset: 0; z-index: 2; width: auto }
  .navigating openapi-explorer::part(section-navbar) { display: flex }
}
@media (width < 22rem) { .brand img { display: none } }
`;
