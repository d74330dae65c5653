/** Reads `/metrics` with a parser of somebody else's. */
import parse from "parse-prometheus-text-format";
import { expect } from "vitest";
import { call } from "../../support/api.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels?: Labels;
  readonly value: string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly Sample[];
}

export interface Scrape {
  readonly text: string;
  /** Name, help and type of each metric, as the parser understood the page. */
  readonly families: readonly Pick<Family, "name" | "help" | "type">[];
  /** Every series under a name; those of a histogram are under its name with `_bucket`, `_sum` and `_count`. */
  samples(name: string): readonly Sample[];
  /** The value of one series; 0 when there is none. */
  value(name: string, labels?: Labels): number;
}

/** The parser puts the series of a histogram together as if labels made no difference, so it gets them as plain series too. */
const withoutHistograms = (text: string) =>
  [...text.matchAll(/^# TYPE (\w+) histogram$/gm)].reduce(
    (rest, [, name]) => rest.replaceAll(new RegExp(`^# (HELP|TYPE) ${name} .*\n`, "gm"), ""),
    text,
  );

/** Reads a page in the Prometheus format. */
export function read(text: string): Scrape {
  const families = parse(text) as Family[];
  // A series without a type is a family of its own.
  const flat = Map.groupBy(parse(withoutHistograms(text)) as Family[], ({ name }) => name);
  const samples = (name: string) => (flat.get(name) ?? []).flatMap(({ metrics }) => metrics);
  return {
    text,
    families: families.map(({ name, help, type }) => ({ name, help, type })),
    samples,
    value(name, wanted = {}) {
      const found = samples(name).filter(({ labels = {} }) => {
        return [...Object.keys(labels), ...Object.keys(wanted)].every((label) => labels[label] === wanted[label]);
      });
      expect(found.length, `${name} ${JSON.stringify(wanted)}`).toBeLessThanOrEqual(1);
      return Number(found[0]?.value ?? 0);
    },
  };
}

/** Scrapes the service. */
export async function scrape(): Promise<Scrape> {
  const answer = await call("/metrics");
  expect(answer.status, answer.text).toBe(200);
  return read(answer.text);
}

/** What the second scrape has more than the first. */
export const increase = (before: Scrape, after: Scrape, name: string, labels: Labels = {}): number =>
  after.value(name, labels) - before.value(name, labels);
