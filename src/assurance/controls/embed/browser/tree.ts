/** What is shown, as plain values: made into text by the Worker and into nodes by browsers, so there is one view and no place for markup. */

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
}

/** A string is text, whatever characters it has. */
export type Node = Element | string;

export const element = (tag: string, attributes: Element["attributes"], ...children: readonly Node[]): Element => ({
  tag,
  attributes,
  children,
});
