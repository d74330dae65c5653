/** The query of a URL as texts, and what each parameter may be. */

/** The query of a URL. */
export type Search = Readonly<Record<string, string>>;

export const parseSearch = (query: string): Search => Object.fromEntries(new URLSearchParams(query));

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") query.append(key, String(value));
  }
  return query.size === 0 ? "" : `?${query}`;
}

/** What a parameter may be; a value of a hand-written URL that is none of these counts as missing. */
export type Rule<Value extends string> = (text: string) => Value | undefined;

export const text: Rule<string> = (value) => (value === "" ? undefined : value);
export const oneOf =
  <Value extends string>(...values: readonly Value[]): Rule<Value> =>
  (given) =>
    values.find((value) => value === given);
