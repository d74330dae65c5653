/** The cards of all active agents, in three formats. Nothing is read before one is asked for: an organization can have thousands. */
import { download } from "../../api/client.ts";
import type { CardFormat } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/page.tsx";
import { Forbidden, Problem } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";

interface Format {
  readonly format: CardFormat;
  readonly name: string;
  readonly use: string;
}

const formats: readonly Format[] = [
  { format: "card", name: "Agent card", use: "The format of this service: who the agent is, and what it can do" },
  { format: "oasf", name: "OASF record", use: "For directories of AGNTCY, schema 1.0.0" },
  { format: "a2a", name: "A2A agent card", use: "For clients of the Agent2Agent protocol, version 1.0" },
];

export function Cards() {
  const session = useSession();
  const save = useAct((format: CardFormat) =>
    download("GET /compliance/agent-cards", { query: { format } }, { fileName: `agents-${format}.json` }),
  );
  if (!hasScope(session, "agents:read")) return <Forbidden scope="agents:read" />;
  const start = async ({ format, name }: Format) => {
    const { problem } = await save.run(format);
    if (problem === undefined) toast(`The ${name}s are downloaded.`);
  };
  return (
    <Section
      title="Cards of all active agents"
      lead="Public facts for a registry or a directory; no secret, no e-mail as owner."
    >
      <Table
        caption="Formats of agent cards"
        isCaptionHidden
        columns={[
          { id: "name", label: "Format", isHead: true, cell: ({ name }) => name },
          { id: "use", label: "For", cell: ({ use }) => use },
          {
            id: "get",
            label: "Download",
            isBare: true,
            cell: (format) => (
              <Button label={`Download ${format.name}s`} isBusy={save.isRunning} onClick={() => void start(format)}>
                Download
              </Button>
            ),
          },
        ]}
        rows={formats}
        keyOf={({ format }) => format}
      />
      {save.problem && <Problem error={save.problem} />}
    </Section>
  );
}
