/** The style of the element. In a shadow root, so that it is isolated from the page. */
/** Every color has a contrast of at least 4.5:1, light and dark (WCAG 1.4.3). */
export const controlsStyle = `
:host {
  all: initial;
  display: block;
  container-type: inline-size;
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14181f);
  --ink: light-dark(#1b2430, #e8ecf2);
  --quiet: light-dark(#566071, #a5afbd);
  --line: light-dark(#dfe3e9, #2d3541);
  --pass: light-dark(#14713f, #63d297);
  --fail: light-dark(#b3261e, #ff9a91);
  --unknown: light-dark(#5b6472, #b4bdca);
  --pass-ground: light-dark(#eef7f1, #15261d);
  --fail-ground: light-dark(#fdf1f0, #2b1a1b);
  --unknown-ground: light-dark(#f2f4f7, #1d232c);
}
:host([theme="light"]) { color-scheme: light }
:host([theme="dark"]) { color-scheme: dark }
:host([hidden]) { display: none }
.controls {
  box-sizing: border-box;
  padding: 1.25em;
  border-radius: 12px;
  background: var(--paper);
  color: var(--ink);
  font: max(1rem, 15px) / 1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, h4, h5, h6, p, ul { margin: 0; padding: 0 }
h1, h2, h3, h4, h5, h6 { color: var(--quiet); font-size: 1em; font-weight: 600 }
.icon { width: 1.25em; height: 1.25em; flex: none }
.mark { fill: none; stroke: var(--paper); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
.shape { fill: currentColor }
.unknown .shape { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-dasharray: 3.2 2.4 }
.unknown .mark { stroke: currentColor; stroke-width: 1.6 }
.banner {
  margin-block: .5em 1em;
  padding: .875em 1em;
  border-radius: 10px;
  background: var(--unknown-ground);
}
.banner.pass { background: var(--pass-ground) }
.banner.fail { background: var(--fail-ground) }
.summary { display: flex; gap: .5em; align-items: start; font-size: 1.375em; font-weight: 650; line-height: 1.3 }
.summary.pass, .pass .icon, .pass .word { color: var(--pass) }
.summary.fail, .fail .icon, .fail .word { color: var(--fail) }
.summary.unknown, .unknown .icon, .unknown .word { color: var(--unknown) }
.lead { padding-inline-start: 2.46em; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
ul { list-style: none }
.control {
  display: grid;
  grid-template-columns: auto 1fr auto;
  column-gap: .625em;
  align-content: start;
  padding: .75em 1em;
  border-top: 1px solid var(--line);
}
.control.fail { background: var(--fail-ground) }
.fail .mark { stroke: var(--fail-ground) }
.pass.banner .mark { stroke: var(--pass-ground) }
.control .icon { margin-top: .125em }
.name { font-weight: 600 }
.name, .id, .evidence, .lead { unicode-bidi: isolate }
.word { min-width: 5.125em; font-size: .875em; font-weight: 600; line-height: 1.7143; text-align: end }
.when, .meaning, .evidence { grid-column: 2 / -1 }
.when, .evidence, .note { color: var(--quiet); font-size: .875em }
.meaning { margin-block: .375em }
.evidence { min-height: 1.5em }
.note { margin-top: 1.25em }
@container (width < 34em) {
  .controls { padding: 1em .875em }
  .banner { padding: .75em }
  .summary { font-size: 1.125em }
  .lead { padding-inline-start: 2.2286em; font-size: .875em; line-height: 1.7143 }
  .control { column-gap: .5em; margin-inline: -.875em; padding-inline: .875em }
  .name { font-size: .9375em; line-height: 1.6 }
  .when, .meaning, .evidence { grid-column: 1 / -1 }
  .evidence { min-height: 3em }
}
@container (46em <= width < 72em) {
  .control { grid-template-columns: auto 6fr 5fr auto }
  .name { grid-area: 1 / 2 }
  .when { grid-area: 1 / 3; line-height: 1.7143 }
  .word { grid-area: 1 / 4 }
  .meaning { grid-area: 2 / 2; margin-block: 0 }
  .evidence { grid-area: 2 / 3 / auto / -1; line-height: 1.7143; min-height: 3.4286em }
}
@container (width >= 72em) {
  ul { display: grid; grid-template-columns: repeat(3, 1fr); gap: .75em }
  .evidence { min-height: 3em }
  .control { padding: .875em 1em; border: 1px solid var(--line); border-radius: 10px }
  .control.fail { border-color: var(--fail) }
}
@media (forced-colors: active) {
  .mark { stroke: Canvas }
  .unknown .mark { stroke: CanvasText }
  .banner { border: 1px solid }
}
`;
