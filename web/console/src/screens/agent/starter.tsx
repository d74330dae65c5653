/** A project to begin with, for this agent, in five languages. */
import { useState } from "react";
import { download } from "../../api/client.ts";
import type { Agent, ScaffoldLanguage } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { Code } from "../../ui/code.tsx";
import { Section } from "../../ui/page.tsx";
import { Problem } from "../../ui/states.tsx";
import { toast } from "../../ui/toast.tsx";

const languages: readonly { readonly id: ScaffoldLanguage; readonly label: string }[] = [
  { id: "typescript", label: "TypeScript" },
  { id: "python", label: "Python" },
  { id: "go", label: "Go" },
  { id: "java", label: "Java" },
  { id: "rust", label: "Rust" },
];

export function Starter({ agent: { agentId, status } }: { readonly agent: Agent }) {
  const [language, setLanguage] = useState<ScaffoldLanguage>("typescript");
  const generate = useAct((chosen: ScaffoldLanguage) =>
    download(
      "GET /sdk/scaffold/{agentId}",
      { path: { agentId }, query: { language: chosen } },
      { accept: "application/zip", fileName: `agent-${chosen}.zip` },
    ),
  );
  if (status === "decommissioned") {
    return (
      <Section title="Starter project">
        <p>The agent is decommissioned: there is nothing to start any more.</p>
      </Section>
    );
  }
  return (
    <Section
      title="Starter project"
      lead="A project that signs in as this agent, lends scopes and verifies webhooks. It has the agent's id and the address of this service in it, and no secret."
    >
      <div className="stack">
        <fieldset className="segments starter">
          <legend>Language</legend>
          {languages.map(({ id, label }) => (
            <label key={id}>
              <input type="radio" name="language" checked={language === id} onChange={() => setLanguage(id)} />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
        {generate.problem && <Problem error={generate.problem} isAct />}
        <p className="actions">
          <Button
            look="main"
            isBusy={generate.isRunning}
            onClick={async () => {
              const { problem } = await generate.run(language);
              if (!problem) toast("Downloaded the project.");
            }}
          >
            Download as ZIP
          </Button>
        </p>
        <Code label="The same from a program">
          {`curl -sS --fail-with-body -OJ "${window.location.origin}/api/v1/sdk/scaffold/${agentId}?language=${language}" \\
  -H "Authorization: Bearer $ADMIN_TOKEN"`}
        </Code>
      </div>
    </Section>
  );
}
