/** The theme. Without a choice the system decides; a choice that equals the system's is none. Nothing else is stored in the browser. */
const key = "theme";
const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

/** Storage can be forbidden; then a choice holds for the page. */
function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(theme: string | null): void {
  try {
    if (theme === null) localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // Not kept.
  }
}

function show(theme: string | null): void {
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export const applyChosenTheme = (): void => show(stored());

export function startThemeButton(): void {
  const button = document.getElementById("theme");
  if (!button) return;
  const isDark = () => (document.documentElement.dataset.theme ?? (systemIsDark() ? "dark" : "light")) === "dark";
  const update = () => button.setAttribute("aria-pressed", String(isDark()));
  button.setAttribute("aria-label", "Dark theme");
  button.title = "Dark or light";
  button.textContent = "◐";
  button.hidden = false;
  button.addEventListener("click", () => {
    const wanted = isDark() ? "light" : "dark";
    const choice = (wanted === "dark") === systemIsDark() ? null : wanted;
    store(choice);
    show(choice);
    update();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  update();
}
