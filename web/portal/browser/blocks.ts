/** Blocks of code, wide tables, and the navigation. */
import { element } from "./elements.ts";

const copiedMs = 2000;

/** A button for each block of commands or code. An output has none; nor has a page that the browser does not trust with the clipboard. */
export function addCopyButtons(): void {
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll<HTMLElement>(".code:not(.out)")) {
    const label = element("span", { "aria-live": "polite" }, "Copy");
    const button = element("button", { type: "button", class: "copy" }, label);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(`${block.querySelector("pre")?.textContent ?? ""}\n`);
        label.textContent = "Copied";
      } catch {
        label.textContent = "Not copied";
      }
      setTimeout(() => {
        label.textContent = "Copy";
      }, copiedMs);
    });
    block.append(button);
  }
}

/** A region that has nothing to scroll is no stop of the Tab key. */
export function releaseFittingRegions(): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
      else target.removeAttribute("tabindex");
    }
  });
  for (const region of document.querySelectorAll(".scroll, .code pre")) observer.observe(region);
}

/** Brings the current page into view in a navigation that is longer than the window. */
export function showCurrentPage(): void {
  const entry = document.querySelector<HTMLElement>(".menu [aria-current]");
  const list = entry?.closest("nav");
  if (entry && list) list.scrollTop = entry.offsetTop - list.clientHeight / 2;
}
