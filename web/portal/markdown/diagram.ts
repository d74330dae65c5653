/**
 * Mermaid diagrams as lists and tables: they need no script, a screen reader reads them, and they fit a phone. Two kinds are known,
 * those that the pages have. Another kind stops the build.
 */
import { escapeHtml } from "./code.ts";

/** `participant O as orchestrator (delegator)`, `O->>I: text`, `Note over O,I: text`. */
function sequence(lines: readonly string[]): string {
  const names = new Map<string, string>();
  const steps: string[] = [];
  for (const line of lines) {
    const [, id, name] = /^participant (\w+) as (.+)$/.exec(line) ?? [];
    if (id !== undefined && name !== undefined) {
      names.set(id, name);
      continue;
    }
    const [, note] = /^Note over [\w,]+: (.+)$/.exec(line) ?? [];
    if (note !== undefined) {
      steps.push(`<li>${escapeHtml(note)}</li>`);
      continue;
    }
    const [, from = "", to = "", text] = /^(\w+)-?->>(\w+): (.+)$/.exec(line) ?? [];
    if (text === undefined) throw new Error(`a sequence diagram has a line that is not known: ${line}`);
    const who = (id_: string) => `<b>${escapeHtml(names.get(id_) ?? id_)}</b>`;
    steps.push(`<li>${who(from)} → ${who(to)}<br>${escapeHtml(text)}</li>`);
  }
  return `<ol class="diagram">\n${steps.join("\n")}\n</ol>\n`;
}

/** `active --> suspended: PATCH status`; `[*]` is before the first and after the last state. */
function states(lines: readonly string[]): string {
  const cell = (state: string, end: string) => (state === "[*]" ? end : `<code>${escapeHtml(state)}</code>`);
  const rows = lines.map((line) => {
    const [, from = "", to = "", event = ""] = /^(\S+) --> (\S+?)(?:: (.+))?$/.exec(line) ?? [];
    if (from === "") throw new Error(`a state diagram has a line that is not known: ${line}`);
    return `<tr><td>${cell(from, "(new)")}</td><td>${escapeHtml(event)}</td><td>${cell(to, "(end)")}</td></tr>`;
  });
  return `<div class="scroll" tabindex="0"><table><thead><tr><th>from</th><th>by</th><th>to</th></tr></thead><tbody>\n${rows.join("\n")}\n</tbody></table></div>\n`;
}

export function diagramOf(source: string): string {
  const [kind, ...lines] = source.split("\n").map((line) => line.trim());
  const body = lines.filter((line) => line !== "" && line !== "autonumber");
  if (kind === "sequenceDiagram") return sequence(body);
  if (kind?.startsWith("stateDiagram")) return states(body);
  throw new Error(`no form for a diagram of the kind ${kind}`);
}
