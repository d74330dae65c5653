/** The alerts of docs/operate.md, and what Prometheus would see of the service. */
import { parse } from "yaml";
import guide from "../../../docs/operate.md?raw";
import { call } from "../../support/api.ts";
import { durationMs, evaluate, keyOf, type Labels, type Sample, type Scraped } from "../../support/promql.ts";

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
}

/** Whether an alert fires after the last scrape: it is evaluated after each, and must hold for its time with the same labels. */
export function isFiring(alert: Alert, history: readonly Scraped[]): boolean {
  const forMs = alert.for === undefined ? 0 : durationMs(alert.for);
  let since = new Map<string, number>();
  for (const { atMs } of history) {
    const value = evaluate(alert.expr, history, atMs);
    if (typeof value === "number") throw new Error(`no samples: ${alert.alert}`);
    since = new Map(value.map(({ labels }) => [keyOf(labels), since.get(keyOf(labels)) ?? atMs]));
  }
  const lastMs = history.at(-1)?.atMs ?? 0;
  return [...since.values()].some((startMs) => lastMs - startMs >= forMs);
}

const [, rules = ""] = /^## Alerts\n.*?^```yaml\n(.*?)^```$/ms.exec(guide) ?? [];
export const alerts: readonly Alert[] = parse(rules).groups.flatMap((group: { rules: Alert[] }) => group.rules);

const sampleLine = /^(\w+)(?:\{(.*)\})? (\S+)$/gm;

/** The samples of a page in the Prometheus format. */
export const samplesOf = (page: string): Sample[] =>
  [...page.matchAll(sampleLine)].map(([, name = "", labels = "", value]) => ({
    labels: {
      __name__: name,
      ...(Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]),
      ) as Labels),
    },
    value: Number(value),
  }));

/** The scrape of this moment, with `up` as Prometheus adds it. */
export async function scrapeNow(read = () => call("/metrics")): Promise<Scraped> {
  const { status, text } = await read();
  const up = { labels: { __name__: "up", job: "agentidp" }, value: status === 200 ? 1 : 0 };
  return { atMs: Date.now(), samples: status === 200 ? [...samplesOf(text), up] : [up] };
}

/** The names of the alerts that fire after the last scrape. */
export const firing = (history: readonly Scraped[]): string[] =>
  alerts.filter((alert) => isFiring(alert, history)).map(({ alert }) => alert);
