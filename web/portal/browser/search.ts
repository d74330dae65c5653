/** The search over the headings of all pages. The index is loaded when the field gets the focus. */
import type { SearchPage } from "../search.ts";
import { element } from "./elements.ts";

interface Entry {
  readonly href: string;
  readonly title: string;
  /** The page of a heading; empty for a page itself. */
  readonly page: string;
  readonly text: string;
}

const most = 12;

const entriesOf = (pages: readonly SearchPage[]): Entry[] =>
  pages.flatMap(([path, title, about, headings]) => [
    { href: path, title, page: "", text: `${title} ${about}`.toLowerCase() },
    ...headings.map(([id, heading]) => ({
      href: `${path}#${id}`,
      title: heading,
      page: title,
      text: `${heading} ${title}`.toLowerCase(),
    })),
  ]);

/** The entries that have all words, best first: words of the title before those of its page or description, beginnings of words before middles. */
export function find(entries: readonly Entry[], query: string): Entry[] {
  const words = query.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  if (words.length === 0) return [];
  const scoreOf = ({ title, page, text }: Entry): number => {
    let score = page === "" ? 2 : 0;
    for (const word of words) {
      const at = text.indexOf(word);
      if (at < 0) return 0;
      const startsWord = at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? "");
      score += 1 + (startsWord ? 4 : 0) + (at < title.length ? 2 : 0) + (at === 0 ? 2 : 0);
    }
    return score;
  };
  return entries
    .map((entry) => ({ entry, score: scoreOf(entry) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .slice(0, most)
    .map(({ entry }) => entry);
}

const linkTo = ({ href, title, page }: Entry) =>
  element("li", {}, element("a", { href }, title, ...(page === "" ? [] : [" ", element("small", {}, page)])));

export function startSearch(): void {
  const box = document.getElementById("search");
  const address = box?.dataset.index;
  if (!box || !address) return;
  const input = element("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search the documentation",
    autocomplete: "off",
    spellcheck: "false",
  });
  const results = element("ul", { class: "results", "aria-label": "Results" });
  const status = element("p", { class: "hidden", role: "status" });
  results.hidden = true;
  box.append(element("form", { role: "search" }, input), results, status);
  box.hidden = false;

  let entries: Promise<Entry[]> | undefined;
  const load = () => {
    entries ??= fetch(address)
      .then(async (answer) =>
        answer.ok ? entriesOf(await answer.json()) : Promise.reject(new Error(answer.statusText)),
      )
      .catch((error: unknown) => {
        // The next key tries again.
        entries = undefined;
        throw error;
      });
    return entries;
  };
  const close = () => {
    results.hidden = true;
  };

  async function update(): Promise<void> {
    const query = input.value;
    if (query.trim() === "") {
      status.textContent = "";
      return close();
    }
    try {
      const found = find(await load(), query);
      if (query !== input.value) return;
      results.replaceChildren(
        ...(found.length > 0
          ? found.map(linkTo)
          : [element("li", {}, element("p", {}, "No heading has these words."))]),
      );
      status.textContent = `${found.length} results`;
    } catch {
      results.replaceChildren(element("li", {}, element("p", {}, "The search could not be loaded. Try again.")));
      status.textContent = "The search could not be loaded.";
    }
    results.hidden = false;
  }

  const links = () => [...results.querySelectorAll("a")];
  /** The arrows move between the field and the results. */
  function move(step: 1 | -1): void {
    const stops: HTMLElement[] = [input, ...links()];
    const index = stops.indexOf(document.activeElement as HTMLElement);
    stops[Math.max(0, Math.min(stops.length - 1, index + step))]?.focus();
  }

  input.addEventListener("focus", () => void load().catch(() => undefined));
  input.addEventListener("input", () => void update());
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    links()[0]?.click();
  });
  box.addEventListener("click", (event) => {
    // A heading of this page: nothing is loaded, so the list would stay open.
    if ((event.target as Element).closest("a")) close();
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget as Node | null)) close();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (results.hidden) return;
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      input.focus();
      close();
    }
  });
  addEventListener("keydown", (event) => {
    const typing = (event.target as Element).closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  });
}
