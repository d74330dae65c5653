/** A chart with the sentence above it, the table below it, and the file. The charts load when the first of them is shown. */
import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
import { CsvButton } from "../../ui/csv-button.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type FiguresTable, TableBelow } from "./figures-table.tsx";

type Charts = typeof import("./charts.tsx");

const lazily = <Name extends "DaysChart" | "SharesChart" | "CallsChart">(name: Name) =>
  lazy(async () => ({ default: (await import("./charts.tsx"))[name] as ComponentType<Parameters<Charts[Name]>[0]> }));

export const DaysChart = lazily("DaysChart");
export const SharesChart = lazily("SharesChart");
export const CallsChart = lazily("CallsChart");

interface ChartProps {
  readonly title: string;
  /** The numbers of the chart in a sentence */
  readonly sentence: ReactNode;
  readonly table: FiguresTable;
  readonly children: ReactNode;
}

export function Chart({ title, sentence, table, children }: ChartProps) {
  return (
    <Section title={title} lead={sentence} actions={<CsvButton table={table} />}>
      <Suspense fallback={<Skeleton lines={6} />}>{children}</Suspense>
      <TableBelow table={table} />
    </Section>
  );
}
