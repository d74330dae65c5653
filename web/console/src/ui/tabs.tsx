/** Tabs that are links: `?tab=` in the URL. */
import { Link } from "./link.tsx";

export interface Tab {
  readonly id: string;
  readonly label: string;
}

interface TabsProps {
  /** "Parts of the agent" */
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly present: string;
}

/** The first tab is the one of a URL without `tab`. */
export function Tabs({ label, tabs, present }: TabsProps) {
  return (
    <nav className="tabs" aria-label={label}>
      <ul>
        {tabs.map((tab, index) => (
          <li key={tab.id}>
            <Link
              to="."
              search={{ tab: index === 0 ? undefined : tab.id }}
              keepScroll
              {...(tab.id === present ? { current: "page" as const } : {})}
            >
              {tab.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
