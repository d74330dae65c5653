/** Numbers as the reader's country writes them, in figures of one width. */

const counts = new Intl.NumberFormat();
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

export const countText = (value: number): string => counts.format(value);

/** "1 agent", "2,345 agents" */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${countText(value)} ${value === 1 ? one : many}`;

export function Count({ value }: { readonly value: number }) {
  return <span className="number">{countText(value)}</span>;
}

export function Share({ value }: { readonly value: number }) {
  return <span className="number">{shares.format(value)}</span>;
}
