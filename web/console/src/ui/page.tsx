/** A screen's frame: its title, where it is, its one or two acts. */
import { useRouterState } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "./link.tsx";

export interface Crumb {
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly label: string;
}

interface PageProps {
  readonly title: string;
  /** One sentence: what is here and what for */
  readonly lead?: ReactNode;
  readonly crumbs?: readonly Crumb[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The path whose heading had the focus last; null: the page has just been loaded, and the focus is the browser's. */
let shownPath: string | null = null;

export function Page({ title, lead, crumbs = [], actions, children }: PageProps) {
  // The path of the screen that is shown; `location` is the next one already while that is on its way.
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${title} · SentryAgent`;
  }, [title]);

  useEffect(() => {
    if (path === undefined) return;
    if (shownPath !== null && shownPath !== path) heading.current?.focus({ preventScroll: true });
    shownPath = path;
  }, [path]);

  return (
    <div className="page">
      {crumbs.length > 0 && (
        <nav className="crumbs" aria-label="Breadcrumb">
          <ol>
            {crumbs.map(({ to, search, label }) => (
              <li key={label}>
                <Link to={to} {...(search === undefined ? {} : { search })}>
                  <bdi>{label}</bdi>
                </Link>
              </li>
            ))}
          </ol>
        </nav>
      )}
      <div className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a screen, with a heading of the second level. */
export function Section({ title, lead, actions, children }: SectionProps) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </section>
  );
}
