/** The controls as a table, for the page of the state. */
import { html } from "../../platform/web/document.ts";
import type { Fill } from "../../platform/web/filled.ts";
import { type Control, type ControlStatus, controlCatalogue } from "./catalogue.ts";

const words: Readonly<Record<ControlStatus, string>> = { pass: "pass", fail: "FAIL", unknown: "unknown" };

function sentence(controls: readonly Control[]): string {
  const count = (wanted: ControlStatus) => controls.filter(({ status }) => status === wanted).length;
  const [passing, failing, unknown] = [count("pass"), count("fail"), count("unknown")];
  const others = [
    ...(failing > 0 ? [`${failing} ${failing === 1 ? "fails" : "fail"}`] : []),
    ...(unknown > 0 ? [`${unknown} ${unknown === 1 ? "is" : "are"} unknown`] : []),
  ];
  const all =
    passing === controls.length ? `All ${passing} controls pass` : `${passing} of ${controls.length} controls pass`;
  return `${[all, ...others].join(", ")}.`;
}

const meaningOf = (id: string): string => controlCatalogue.find((control) => control.id === id)?.meaning ?? "";

/** `2026-11-30 20:15:09 UTC` */
const timeOf = (iso: string) => `${iso.slice(0, 19).replace("T", " ")} UTC`;

/** The table in both forms of the page. */
export function controlsTable(controls: readonly Control[]): Fill {
  const summary = sentence(controls);
  return {
    html: html`<p><strong>${summary}</strong></p>
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">control</th><th scope="col">state</th><th scope="col">measurement</th><th scope="col">measured</th></tr></thead>
<tbody>
${controls.map(
  ({
    id,
    name,
    status,
    evidence,
    lastChecked,
  }) => html`<tr><th scope="row">${id} ${name}<br><small>${meaningOf(id)}</small></th>
<td><span class="state ${status}">${words[status]}</span></td>
<td>${evidence}</td>
<td>${lastChecked === null ? "never" : html`<time datetime="${lastChecked}">${timeOf(lastChecked)}</time>`}</td></tr>\n`,
)}</tbody></table></div>`,
    markdown: [
      `**${summary}**`,
      "",
      "| control | state | measurement | measured |",
      "|---|---|---|---|",
      ...controls.map(
        ({ id, name, status, evidence, lastChecked }) =>
          `| ${id} ${name} | ${words[status]} | ${evidence.replaceAll("|", "\\|")} | ${lastChecked === null ? "never" : timeOf(lastChecked)} |`,
      ),
    ].join("\n"),
  };
}
