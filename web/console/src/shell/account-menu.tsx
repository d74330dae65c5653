/** Who is signed in, the theme, and the way out. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { signOut, useSession } from "../session/session.ts";
import { chooseTheme, type Theme, themes, useTheme } from "../session/theme.ts";
import { useAct } from "../ui/act.ts";
import { Button } from "../ui/button.tsx";
import { Link } from "../ui/link.tsx";
import { toast } from "../ui/toast.tsx";

const themeLabels: Readonly<Record<Theme, string>> = { system: "As the system", light: "Light", dark: "Dark" };

export function AccountMenu() {
  const { agent, role } = useSession();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (details.current) details.current.open = false;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the screen changes.
  useEffect(close, [path]);
  useEffect(() => {
    const closeOutside = (event: Event) => {
      if (event.target instanceof Node && !details.current?.contains(event.target)) close();
    };
    document.addEventListener("pointerdown", closeOutside);
    document.addEventListener("focusin", closeOutside);
    return () => {
      document.removeEventListener("pointerdown", closeOutside);
      document.removeEventListener("focusin", closeOutside);
    };
  });

  return (
    <details
      ref={details}
      className="account"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !details.current?.open) return;
        close();
        details.current.querySelector("summary")?.focus();
      }}
    >
      <summary aria-label={`Account: ${agent.email}`}>
        <span className="who">{agent.email}</span>
      </summary>
      <div className="account-panel">
        <p className="quiet-text">
          Signed in as <strong className="breaks">{agent.email}</strong>, {role ?? "no role"}
        </p>
        <ThemeSwitch />
        <Link to="/account" className="button">
          Sessions and scopes
        </Link>
        <SignOut />
      </div>
    </details>
  );
}

export function ThemeSwitch() {
  const theme = useTheme();
  return (
    <fieldset className="segments">
      <legend>Theme</legend>
      {themes.map((value) => (
        <label key={value}>
          <input type="radio" name="theme" checked={theme === value} onChange={() => chooseTheme(value)} />
          <span>{themeLabels[value]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function SignOut() {
  const client = useQueryClient();
  const out = useAct(() => signOut(client));
  return (
    <Button
      isBusy={out.isRunning}
      onClick={async () => {
        const { problem } = await out.run();
        if (problem) toast(`You are not signed out: ${problem.message}`, "bad");
      }}
    >
      Sign out
    </Button>
  );
}
