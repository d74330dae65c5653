/** The anchors of headings: those of GitHub, so that the same link works in the repository and here. */

/** The name of an error: the page of errors keeps it as the anchor, since `docs` of every error answer leads there. */
const errorCode = /^[A-Z][A-Z_]+$/;

/** The anchor that GitHub gives to a heading that occurs once. */
export const githubSlug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

/** Gives the anchors of one page. A heading that occurs again gets a number. */
export function newSlugger(path: string): (heading: string) => { readonly id: string; readonly slug: string } {
  const seen = new Map<string, number>();
  return (heading) => {
    const first = githubSlug(heading);
    const count = seen.get(first) ?? 0;
    seen.set(first, count + 1);
    const slug = count === 0 ? first : `${first}-${count}`;
    return { slug, id: path === "/errors" && errorCode.test(heading) ? heading : slug };
  };
}
