/** What is around each screen: the way past the menu, the menu, the account. */
import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { menuItemOf } from "../navigation.ts";
import { signInSearch } from "../session/return-path.ts";
import { hasScope, type Session, sessionQuery, useSession } from "../session/session.ts";
import { Link } from "../ui/link.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { Menu } from "./menu.tsx";
import { ForbiddenScreen } from "./states.tsx";

export function Shell() {
  const session = useSession();
  useLeaving(session);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const [isOpen, setOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the screen changes.
  useEffect(() => setOpen(false), [path]);
  const item = menuItemOf(path);
  const isMissing = item?.needs !== undefined && !hasScope(session, item.needs);

  return (
    <div className="shell" data-menu={isOpen ? "open" : "closed"}>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <button
          type="button"
          className="button quiet menu-button"
          aria-expanded={isOpen}
          aria-controls="menu"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
        <Link to="/" className="brand">
          SentryAgent
        </Link>
        <span className="organization" title={session.organization.name}>
          {session.organization.name}
        </span>
        <AccountMenu />
      </header>
      <Menu />
      <main id="content" tabIndex={-1}>
        {isMissing && item.needs ? <ForbiddenScreen title={item.label} scope={item.needs} /> : <Outlet />}
      </main>
    </div>
  );
}

/** Goes to the sign-in when the session ends, and begins anew when another tab has signed in as another agent. */
function useLeaving({ agent: { agentId } }: Session): void {
  const navigate = useNavigate();
  const router = useRouter();
  const { data: presence } = useQuery(sessionQuery);
  const agentAtFirst = useRef(agentId);
  useEffect(() => {
    if (agentId !== agentAtFirst.current) window.location.reload();
  }, [agentId]);
  useEffect(() => {
    if (presence?.session !== null) return;
    const { reason } = presence;
    const search = reason === null ? {} : signInSearch(reason, router.state.location.href);
    void navigate({ to: "/sign-in", search: search as never, replace: reason !== null });
  }, [presence, navigate, router]);
}
