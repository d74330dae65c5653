/** The badge: an SVG for an `<img>`, without style, script or external resources. */
import type { Control } from "../catalogue.ts";
import { escaped } from "./html.ts";

/** White text on each has a contrast of at least 4.5:1 (WCAG 1.4.3). */
const colors = { pass: "#14713f", fail: "#b3261e", unknown: "#5b6472" };

function messageOf(controls: readonly Control[]): { readonly text: string; readonly color: string } {
  const count = (status: Control["status"]) => controls.filter((control) => control.status === status).length;
  const [passing, failing, unknown] = [count("pass"), count("fail"), count("unknown")];
  const total = controls.length;
  if (unknown === total) return { text: "unknown", color: colors.unknown };
  if (failing > 0) return { text: `${failing}/${total} failing`, color: colors.fail };
  if (unknown > 0) return { text: `${passing}/${total} passing, ${unknown} unknown`, color: colors.unknown };
  return { text: `${passing}/${total} passing`, color: colors.pass };
}

const label = "controls";
/** In Verdana at 11 pixels; `textLength` makes any other font fit. */
const characterWidth = 6.5;
const padding = 7;

const widthOf = (text: string) => Math.round(text.length * characterWidth);

function words(text: string, left: number): string {
  return `<text x="${left + padding}" y="14" textLength="${widthOf(text)}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

/** The badge as an SVG document. */
export function controlsBadge(controls: readonly Control[]): string {
  const { text, color } = messageOf(controls);
  const left = widthOf(label) + 2 * padding;
  const right = widthOf(text) + 2 * padding;
  const width = left + right;
  const title = escaped(`${label}: ${text}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" viewBox="0 0 ${width} 20" role="img" aria-label="${title}"><title>${title}</title><clipPath id="r"><rect width="${width}" height="20" rx="4"/></clipPath><g clip-path="url(#r)"><path fill="#2b3440" d="M0 0h${left}v20H0z"/><path fill="${color}" d="M${left} 0h${right}v20H${left}z"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">${words(label, 0)}${words(text, left)}</g></svg>
`;
}
