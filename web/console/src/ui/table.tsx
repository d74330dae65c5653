/** Tables. Below 640 px each row becomes a block of labelled values, and the head a row of buttons that sort. */
import type { ReactNode } from "react";

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, in figures of one width. */
  readonly isNumber?: boolean;
  /** The field of `sort`, for a column that sorts */
  readonly sortBy?: string;
  /** The cell that names its row */
  readonly isHead?: boolean;
  /** The label is for screen readers only: for a column of buttons */
  readonly isBare?: boolean;
}

interface TableProps<Row> {
  /** What it is: also the name that a screen reader says */
  readonly caption: string;
  readonly isCaptionHidden?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** `email` or `-email`, as the API has it */
  readonly sort?: string | undefined;
  readonly onSort?: (sort: string) => void;
}

/** So many do not fit a tablet: the table scrolls inside its own region there. */
const manyColumns = 7;

const directionOf = (sort: string | undefined, field: string) =>
  sort === field ? "ascending" : sort === `-${field}` ? "descending" : undefined;

export function Table<Row>({ caption, isCaptionHidden, columns, rows, keyOf, sort, onSort }: TableProps<Row>) {
  const table = (
    <table>
      <caption className={isCaptionHidden ? "hidden" : undefined}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <Head key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ id, label, cell, isNumber, isHead, isBare }) => {
              const shared = { className: isNumber ? "number" : undefined, "data-label": isBare ? undefined : label };
              return isHead ? (
                <th key={id} scope="row" {...shared}>
                  <div>{cell(row)}</div>
                </th>
              ) : (
                <td key={id} {...shared}>
                  <div>{cell(row)}</div>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
  if (columns.length < manyColumns) return <div className="table-frame">{table}</div>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus (WCAG 2.1.1).
    <section className="table-frame scrolls" tabIndex={0} aria-label={caption}>
      {table}
    </section>
  );
}

interface HeadProps<Row> extends Pick<TableProps<Row>, "sort"> {
  readonly column: Column<Row>;
  readonly onSort: TableProps<Row>["onSort"] | undefined;
}

function Head<Row>({ column: { label, sortBy, isNumber, isBare }, sort, onSort }: HeadProps<Row>) {
  const className = isNumber ? "number" : undefined;
  if (sortBy === undefined || onSort === undefined) {
    return (
      <th scope="col" className={className}>
        {isBare ? <span className="hidden">{label}</span> : label}
      </th>
    );
  }
  const direction = directionOf(sort, sortBy);
  return (
    <th scope="col" className={className} aria-sort={direction} data-sorts="">
      <button type="button" className="sort" onClick={() => onSort(direction === "ascending" ? `-${sortBy}` : sortBy)}>
        {label}
        <span className="arrow" aria-hidden="true">
          {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : "↕"}
        </span>
      </button>
    </th>
  );
}
