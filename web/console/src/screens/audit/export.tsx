/** A copy of the log as a file, with what proves it. */
import { useState } from "react";
import { download } from "../../api/client.ts";
import type { ExportFormat } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { Code } from "../../ui/code.tsx";
import { Check, Select } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { Section } from "../../ui/page.tsx";
import { stringifySearch } from "../../ui/search-params.ts";
import { toast } from "../../ui/toast.tsx";
import { RangeFields, useRange } from "./ranges.tsx";

const formats: readonly { readonly value: ExportFormat; readonly label: string }[] = [
  { value: "ndjson", label: "NDJSON: one event a line, verifiable" },
  { value: "csv", label: "CSV: for a spreadsheet" },
];

export function Export() {
  const state = useRange();
  const [format, setFormat] = useState<ExportFormat>("ndjson");
  const [hasAgents, setAgents] = useState(false);
  const [hasCheckpoints, setCheckpoints] = useState(true);
  const query = {
    ...state.range,
    format,
    agents: hasAgents || undefined,
    checkpoints: hasCheckpoints || undefined,
  };
  const act = useAct(
    (wanted: typeof query) => download("GET /audit/export", { query: wanted }, { fileName: `audit.${wanted.format}` }),
    // It signs a checkpoint.
    { refresh: ["/audit"] },
  );
  const save = async () => {
    if (state.issue !== undefined) return;
    const { problem } = await act.run(query);
    if (problem === undefined) toast("The export is complete.");
  };
  return (
    <Section
      title="Export"
      lead="All events up to now, or those of a range, the oldest first, each with all its fields. An export that breaks off gives no file: what you have is complete."
    >
      <Form act="Download" isRunning={act.isRunning} problem={act.problem} onSubmit={() => void save()}>
        <RangeFields state={state} />
        <Select
          name="format"
          label="Format"
          value={format}
          onChange={(value) => setFormat(value as ExportFormat)}
          choices={formats}
        />
        <Check
          name="checkpoints"
          label="With checkpoints"
          hint="Signs the end of the log now, and adds each signed checkpoint, the public keys, and a last line with the number of lines. Needed to verify the file without the service."
          checked={hasCheckpoints}
          onChange={setCheckpoints}
        />
        <Check
          name="agents"
          label="With the e-mails of agents"
          hint="The log itself has the ids alone, so that an agent can be erased. The e-mails are those of now; no hash covers them."
          checked={hasAgents}
          onChange={setAgents}
        />
      </Form>
      <p className="quiet-text">
        The browser holds the file until it is whole. Export more than a million events in ranges, or from a program:
      </p>
      <Code label="The same from a program">{`curl -sS --fail-with-body -H "Authorization: Bearer $ADMIN_TOKEN" \\
  "${window.location.origin}/api/v1/audit/export${stringifySearch(query)}" > audit.${format}`}</Code>
      {format === "ndjson" && hasCheckpoints && (
        <Code label="Verify the file without the service">{`curl -sS --fail-with-body ${window.location.origin}/tools/verify-audit-log.mjs > verify-audit-log.mjs
node verify-audit-log.mjs audit.ndjson`}</Code>
      )}
    </Section>
  );
}
