/** How the organization is: each figure a link to the list that it counts. */

import { Figures } from "../../ui/figure.tsx";
import { Link } from "../../ui/link.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { FailedFigures } from "./failed.tsx";
import { AgentFigures, AttentionFigures, UseFigures } from "./figures.tsx";

export function Screen() {
  return (
    <Page
      title="Overview"
      lead="Your organization now. Each figure leads to what it counts."
      actions={
        <Link to="/first-steps" className="button">
          First steps
        </Link>
      }
    >
      <FailedFigures />
      <Section title="Needs attention">
        <Figures>
          <AttentionFigures />
        </Figures>
      </Section>
      <Section title="Agents">
        <Figures>
          <AgentFigures />
        </Figures>
      </Section>
      <Section title="Use today" lead="Counted from midnight UTC.">
        <Figures>
          <UseFigures />
        </Figures>
      </Section>
    </Page>
  );
}
