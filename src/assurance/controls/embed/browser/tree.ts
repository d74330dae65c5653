/** The view as plain values: the Worker renders them as text and browsers as nodes. So there is one view, and no markup. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
}

/** A string is text, never markup. */
export type Node = Element | string;

export const element = (tag: string, attributes: Element["attributes"], ...children: readonly Node[]): Element => ({
  tag,
  attributes,
  children,
});
