/** The menu of the screens. */
import { useRouterState } from "@tanstack/react-router";
import { type MenuItem, menuItemOf, navigation } from "../navigation.ts";
import { hasScope, type Session, useSession } from "../session/session.ts";
import { Link } from "../ui/link.tsx";

const isFor =
  ({ isOperator }: Session) =>
  ({ operatorOnly }: MenuItem) =>
    !operatorOnly || isOperator;

export function Menu() {
  const session = useSession();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const present = menuItemOf(path);
  return (
    <nav id="menu" className="menu" aria-label="Screens">
      <ul>
        {navigation.filter(isFor(session)).map((item) => (
          <li key={item.to}>
            <Link to={item.to} {...(item === present ? { current: "page" as const } : {})}>
              {item.label}
              {item.needs && !hasScope(session, item.needs) && <span className="note"> no access</span>}
            </Link>
          </li>
        ))}
      </ul>
      <ul className="elsewhere">
        <li>
          <a href="/quick-start">Guides</a>
        </li>
        <li>
          <a href="/reference">API reference</a>
        </li>
      </ul>
    </nav>
  );
}
