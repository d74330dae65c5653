/** The report by section. */
import { useQuery } from "@tanstack/react-query";
import { saveFile } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { ReportSection, ReportSectionName } from "../../api/schema.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Figure, Figures } from "../../ui/figure.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { countText } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

/** What each section is about, and where to look when it does not pass. */
const sections: Readonly<
  Record<ReportSectionName, { readonly label: string; readonly to: string; readonly look: string }>
> = {
  "agent-identity": { label: "Agent identity", to: "/agents", look: "See the agents" },
  "audit-trail": { label: "Audit trail", to: "/audit", look: "Verify the log" },
  "credential-hygiene": { label: "Credentials", to: "/analytics", look: "See their ages" },
  "federation-readiness": { label: "Partners", to: "/organization", look: "See the partners" },
};

const toneOf = (status: ReportSection["status"]) => (status === "warn" ? ("warn" as const) : undefined);

export function Report() {
  const report = useQuery(read("GET /compliance/report"));
  return (
    <Loaded query={report} skeleton={<Skeleton lines={6} />}>
      {(read) => (
        <Section
          title={read.agntcyConformance ? "No section fails" : "A section fails"}
          lead={
            <>
              Measured <Time value={read.generatedAt} look="both" />; it is at most five minutes old.
            </>
          }
          actions={
            <Button
              onClick={() =>
                saveFile(
                  new Blob([JSON.stringify(read, null, 2)], { type: "application/json" }),
                  `compliance-report-${read.generatedAt.slice(0, 10)}.json`,
                )
              }
            >
              Download
            </Button>
          }
        >
          <Figures>
            <Figure
              label="Verified agents"
              value={read.verifiedAgentCount}
              of={`of ${countText(read.agentCount)} active`}
              tone={read.verifiedAgentCount < read.agentCount ? "warn" : "neutral"}
              note="with a valid DID document and a usable key"
            />
          </Figures>
          <Table
            caption="Sections of the report"
            isCaptionHidden
            columns={[
              { id: "name", label: "Section", isHead: true, cell: ({ name }) => sections[name]?.label ?? name },
              {
                id: "status",
                label: "Status",
                cell: ({ status }) => {
                  const tone = toneOf(status);
                  return <Badge status={status} {...(tone === undefined ? {} : { tone })} />;
                },
              },
              {
                id: "details",
                label: "What was checked",
                cell: ({ details }) => <span className="breaks">{details}</span>,
              },
              {
                id: "look",
                label: "Look",
                isBare: true,
                cell: ({ name, status }) => {
                  const section = sections[name];
                  return status === "pass" || section === undefined ? null : (
                    <Link to={section.to}>{section.look}</Link>
                  );
                },
              },
            ]}
            rows={read.sections}
            keyOf={({ name }) => name}
          />
        </Section>
      )}
    </Loaded>
  );
}
