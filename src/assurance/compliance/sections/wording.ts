/** Sentences about numbers. */

/** `1 agent`, `2 agents`, `10,000 agents`. */
export function quantity(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? singular : plural}`;
}
