/** Links to screens. */
import { Link as RouterLink, useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Trail } from "./search.ts";

interface LinkProps {
  /** A path below `/console`, its ids encoded: `/agents/0199f0c2-…` */
  readonly to: string;
  readonly search?: Readonly<Record<string, string | undefined>>;
  readonly state?: Trail;
  readonly className?: string;
  readonly current?: "page" | "true";
  readonly label?: string;
  readonly keepScroll?: boolean;
  readonly children: ReactNode;
}

/** A link to a screen. Where the screen does not exist, its text alone, and nothing of what looks like a button: no link is dead. */
export function Link({ to, search = {}, state, className, current, label, keepScroll, children }: LinkProps) {
  const router = useRouter();
  const [path = "/"] = to.split("?");
  const matched = router.getMatchedRoutes(path)[0].at(-1);
  const isMissing = matched === undefined || matched.id.endsWith("/$");
  if (to !== "." && isMissing) return className?.includes("button") ? null : <span>{children}</span>;
  return (
    <RouterLink
      to={to as never}
      search={search as never}
      {...(state === undefined ? {} : { state: state as never })}
      resetScroll={!keepScroll}
      className={className}
      aria-current={current}
      aria-label={label}
      // The router marks a link to the very URL that is open, and no link to a parent of it.
      activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }}
    >
      {children}
    </RouterLink>
  );
}
