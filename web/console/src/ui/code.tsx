/** Lines to copy: a command, a document. */
import { CopyButton } from "./copy-button.tsx";

interface CodeProps {
  readonly label: string;
  readonly children: string;
}

/** It scrolls inside itself, by keyboard too. */
export function Code({ label, children }: CodeProps) {
  return (
    <div className="code-block">
      <div className="code-head">
        <span className="quiet-text">{label}</span>
        <CopyButton value={children} what={label.toLowerCase()} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus (WCAG 2.1.1). */}
      <section className="code-scroll" tabIndex={0} aria-label={label}>
        <pre className="code">{children}</pre>
      </section>
    </div>
  );
}
