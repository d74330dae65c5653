/** Counts from one page of a list. */

/** The most that one page has: above it there are at least so many, and the list has the rest. */
export const most = 100;

export interface PageOf<Row> {
  readonly data: readonly Row[];
  readonly nextCursor: string | null;
}

export interface Counted {
  readonly value: number;
  /** "100+" */
  readonly isAtLeast: boolean;
}

export const countOf = ({ data, nextCursor }: PageOf<unknown>): Counted => ({
  value: data.length,
  isAtLeast: nextCursor !== null,
});
