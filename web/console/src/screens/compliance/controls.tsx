/** The controls of the service, measured every minute. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import { Badge } from "../../ui/badge.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

export function Controls() {
  const controls = useQuery({ ...read("GET /compliance/controls"), refetchInterval: 60_000 });
  return (
    <Loaded query={controls} skeleton={<Skeleton lines={9} />}>
      {({ controls: list }) => {
        const passing = list.filter(({ status }) => status === "pass").length;
        return (
          <Section
            title={`${passing} of ${list.length} controls pass`}
            lead="The service measures itself, by the trust services criteria of SOC 2. It is not an audit and not a certificate."
          >
            <Table
              caption="Controls"
              isCaptionHidden
              columns={[
                {
                  id: "control",
                  label: "Control",
                  isHead: true,
                  cell: ({ id, name }) => (
                    <>
                      <code>{id}</code> {name}
                    </>
                  ),
                },
                { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
                {
                  id: "evidence",
                  label: "Evidence",
                  cell: ({ evidence }) => <span className="breaks">{evidence}</span>,
                },
                {
                  id: "age",
                  label: "Measured",
                  cell: ({ lastChecked }) => <Time value={lastChecked} look="relative" none="not yet" />,
                },
              ]}
              rows={list}
              keyOf={({ id }) => id}
            />
          </Section>
        );
      }}
    </Loaded>
  );
}
