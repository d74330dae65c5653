/**
 * Filters, sort order, tab and place in a list: all in the query of the URL, so that back, forward, reload and a copied link keep
 * them. All values are texts.
 */
import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import type { Rule, Search } from "./search-params.ts";

export { oneOf, text } from "./search-params.ts";

type Rules = Readonly<Record<string, Rule<string>>>;
export type Values<Of extends Rules> = { readonly [Key in keyof Of]: ReturnType<Of[Key]> };

export interface SearchState<Of extends Rules> {
  readonly values: Values<Of>;
  /** Sets parameters; `undefined` removes one. The place in the list (`cursor`, `offset`) is left, since the list is another one then. */
  set(change: Partial<Record<keyof Of, string | undefined>>): void;
  /** Whether any is set. */
  readonly isSet: boolean;
}

/**
 * The parameters of a screen's URL.
 *
 * @example
 * ```tsx
 * const { values, set } = useSearchState({ status: oneOf("active", "suspended"), search: text });
 * ```
 */
export function useSearchState<Of extends Rules>(rules: Of): SearchState<Of> {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const entries = Object.entries(rules).map(([key, rule]) => [key, rule(search[key] ?? "")] as const);
  return {
    values: Object.fromEntries(entries) as Values<Of>,
    isSet: entries.some(([, value]) => value !== undefined),
    set: (change) => {
      // Of the URL as it is then: a text waits for a pause, in which another filter can have been set.
      const next = (present: Search) => ({ ...present, cursor: undefined, offset: undefined, ...change });
      void navigate({ to: ".", search: next as never, replace: true, resetScroll: false });
    },
  };
}

/** The cursors of the pages before this one, oldest first: kept with the entry of the history, so that a reload keeps them. */
export interface Trail {
  readonly trail?: readonly (string | null)[];
}

/** The place in a list. */
export function usePlace(): { readonly cursor: string | undefined; readonly trail: readonly (string | null)[] } {
  const search = useSearch({ strict: false }) as Search;
  const state = useRouterState({ select: ({ location }) => location.state as Trail });
  return { cursor: search.cursor === "" ? undefined : search.cursor, trail: state.trail ?? [] };
}
