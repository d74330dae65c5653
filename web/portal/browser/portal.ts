/** What the portal has with script: the chosen theme, the search, and buttons that copy a block. Everything else works without it. */
import { addCopyButtons, releaseFittingRegions, showCurrentPage } from "./blocks.ts";
import { startSearch } from "./search.ts";
import { applyChosenTheme, startThemeButton } from "./theme.ts";

// Before the page is drawn.
applyChosenTheme();

addEventListener("DOMContentLoaded", () => {
  startThemeButton();
  startSearch();
  addCopyButtons();
  releaseFittingRegions();
  showCurrentPage();
});
