/** The index of the search: every page with its description and its headings, and nothing else. */
import type { Heading } from "./markdown/render.ts";

/** Path, title, description, and pairs of anchor and heading. */
export type SearchPage = readonly [
  path: string,
  title: string,
  about: string,
  headings: readonly (readonly [id: string, text: string])[],
];

export interface Indexed {
  readonly path: string;
  readonly title: string;
  readonly about: string;
  readonly headings: readonly Heading[];
}

/** The index as JSON. */
export const searchIndex = (pages: readonly Indexed[]): string =>
  JSON.stringify(
    pages.map(
      ({ path, title, about, headings }): SearchPage => [
        path,
        title,
        about,
        headings.filter(({ level }) => level === 2 || level === 3).map(({ id, text }) => [id, text] as const),
      ],
    ),
  );
