/** Seven days of 24 hours, with the number in every cell. The arrow keys move between the cells. */
import { type KeyboardEvent, useRef, useState } from "react";
import { countText } from "../../ui/number.tsx";
import { stepOf, weekdays } from "./hours.ts";

const steps: Readonly<Record<string, readonly [day: number, hour: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -24],
  End: [0, 24],
};

const within = (value: number, most: number) => Math.min(most, Math.max(0, value));

interface HeatmapProps {
  readonly week: readonly (readonly number[])[];
  readonly caption: string;
}

export function Heatmap({ week, caption }: HeatmapProps) {
  const [[day, hour], setPlace] = useState<readonly [number, number]>([0, 0]);
  const table = useRef<HTMLTableElement>(null);
  const most = Math.max(...week.flat());
  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = [within(day + step[0], 6), within(hour + step[1], 23)] as const;
    setPlace(next);
    table.current?.querySelector<HTMLElement>(`[data-place="${next[0]} ${next[1]}"]`)?.focus();
  };
  return (
    <div className="heatmap-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the arrow keys move in it (ARIA, grid). */}
      <table className="heatmap" role="grid" aria-readonly ref={table} onKeyDown={move}>
        <caption className="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden">Day</span>
            </th>
            {Array.from({ length: 24 }, (_, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: it is the hour.
              <th key={at} scope="col">
                {String(at).padStart(2, "0")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {week.map((counts, row) => (
            <tr key={weekdays[row]}>
              <th scope="row">
                <abbr title={weekdays[row]}>{weekdays[row]?.slice(0, 3)}</abbr>
              </th>
              {counts.map((count, column) => (
                <td
                  // biome-ignore lint/suspicious/noArrayIndexKey: it is the hour.
                  key={column}
                  className={`step-${stepOf(count, most)}`}
                  data-place={`${row} ${column}`}
                  tabIndex={row === day && column === hour ? 0 : -1}
                  onFocus={() => setPlace([row, column])}
                >
                  {countText(count)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
