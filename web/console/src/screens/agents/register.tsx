/** Registers an agent. Its own page is next. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import type { CreateAgent, PlatformScope } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Form } from "../../ui/form.tsx";
import { Page } from "../../ui/page.tsx";
import { Forbidden } from "../../ui/states.tsx";
import { toast } from "../../ui/toast.tsx";
import "./agents.css";
import { CapabilitiesNote } from "./capabilities-note.tsx";
import { type Draft, issuesOfDraft, newDraft, registrationOf } from "./draft.ts";
import { AgentFields } from "./fields.tsx";
import { offeredScopes } from "./grantable.ts";

const crumbs = [{ to: "/agents", label: "Agents" }];

export function Screen() {
  const session = useSession();
  return (
    <Page title="Register an agent" crumbs={crumbs}>
      {hasScope(session, "agents:write") ? <RegisterForm /> : <Forbidden scope="agents:write" />}
    </Page>
  );
}

function RegisterForm() {
  const session = useSession();
  const navigate = useNavigate();
  const scopes: readonly PlatformScope[] = offeredScopes(session).filter((scope) => scope !== "admin:orgs");
  const [draft, setDraft] = useState<Draft>({
    ...newDraft,
    grantedScopes: newDraft.grantedScopes.filter((scope) => scopes.includes(scope)),
  });
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const register = useAct((body: CreateAgent, idempotencyKey) => call("POST /agents", { body, idempotencyKey }), {
    refresh: ["/agents", "/audit", "/tiers"],
  });
  const submit = async () => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    const { value } = await register.run(registrationOf(draft));
    if (value === undefined) return;
    toast(`Registered ${value.email}.`);
    await navigate({ to: `/agents/${value.agentId}` as never, search: { tab: "credentials" } as never });
  };
  return (
    <div className="agent-form">
      <Form
        act="Register the agent"
        isRunning={register.isRunning}
        problem={register.problem}
        autoComplete="off"
        onSubmit={() => void submit()}
        onCancel={() => void navigate({ to: "/agents" as never })}
      >
        <AgentFields
          draft={draft}
          onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
          issues={[...issues, ...(register.problem?.issues ?? [])]}
          scopes={scopes}
          capabilitiesNote={<CapabilitiesNote />}
          isRegistered={false}
        />
      </Form>
    </div>
  );
}
