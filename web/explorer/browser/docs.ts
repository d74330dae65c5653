/** `/docs`: the theme of the portal; and on a narrow screen a button that shows the navigation of the viewer, until an operation is chosen. */
import { applyChosenTheme } from "../../portal/browser/theme.ts";

// What the visitor chose in the portal.
applyChosenTheme();

const button = document.querySelector<HTMLButtonElement>("#menu");
const viewer = document.querySelector("openapi-explorer");

/** Parts of the viewer that a style outside of it does not reach. */
const narrow = new CSSStyleSheet();
narrow.replaceSync(`@media (width < 768px) {
  .section-gap--focused-mode { padding: 1rem }
  .section-padding { margin: 0 }
  #auth table, #auth tbody, #auth tr, #auth td { display: block; max-width: none }
  .oauth-flow div { flex-wrap: wrap; max-width: 100% }
  .oauth-client-input { width: auto; max-width: 100% }
  .main-content { overflow-x: auto }
}`);
viewer?.shadowRoot?.adoptedStyleSheets.push(narrow);

function show(isOpen: boolean): void {
  document.body.classList.toggle("navigating", isOpen);
  button?.setAttribute("aria-expanded", String(isOpen));
}

button?.addEventListener("click", () => show(!document.body.classList.contains("navigating")));

// The viewer sends this event for every place that a visitor chooses. A heading opens its list, so the navigation stays.
viewer?.addEventListener("event", (event) => {
  const place: unknown = event instanceof CustomEvent ? event.detail?.explorerLocation : undefined;
  if (typeof place === "string" && !place.startsWith("tag--")) show(false);
});

document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") show(false);
});
