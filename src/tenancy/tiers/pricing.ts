/** The limits of the tiers as a table, for the page of prices: a row for each limit, a column for each tier. */
import { html } from "../../platform/web/document.ts";
import type { Fill } from "../../platform/web/filled.ts";
import type { TierDefinition } from "./schema.ts";

/** The names of the limits, in the order of the page. */
const limits: readonly (readonly [field: Exclude<keyof TierDefinition, "tier">, name: string])[] = [
  ["maxAgents", "Agents"],
  ["maxCallsPerDay", "Calls a day"],
  ["maxTokensPerDay", "Tokens a day"],
  ["requestsPerMinute", "Requests a minute"],
  ["burst", "Requests at once"],
  ["auditRetentionDays", "Days of audit log"],
];

const numbers = new Intl.NumberFormat("en-US");

const shown = (limit: number | null): string => (limit === null ? "unlimited" : numbers.format(limit));

/** The table in both forms of the page. */
export function tiersTable(tiers: readonly TierDefinition[]): Fill {
  const rows = limits.map(([field, name]) => ({ name, values: tiers.map((tier) => shown(tier[field])) }));
  const names = tiers.map(({ tier }) => tier);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return {
    html: html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">limit</th>${names.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ({ name, values }) =>
    html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="number">${value}</td>`)}</tr>\n`,
)}</tbody></table></div>`,
    markdown: [
      line(["limit", ...names]),
      line(["---", ...names.map(() => "---:")]),
      ...rows.map(({ name, values }) => line([name, ...values])),
    ].join("\n"),
  };
}
