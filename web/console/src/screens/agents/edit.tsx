/** Changes the record of an agent. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { callWithTag, type Tagged } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import { ApiProblem } from "../../api/problem.ts";
import { readTagged } from "../../api/queries.ts";
import type { Agent, ChangeAgent } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { useAct } from "../../ui/act.ts";
import { ChangedMeanwhile } from "../../ui/changed-meanwhile.tsx";
import { Form } from "../../ui/form.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Forbidden } from "../../ui/states.tsx";
import { toast } from "../../ui/toast.tsx";
import "./agents.css";
import { CapabilitiesNote } from "./capabilities-note.tsx";
import { differencesOf } from "./differences.ts";
import { changesOf, draftOf, issuesOfDraft } from "./draft.ts";
import { AgentFields } from "./fields.tsx";
import { offeredScopes } from "./grantable.ts";

export function Screen() {
  const session = useSession();
  const { agentId = "" } = useParams({ strict: false }) as { readonly agentId?: string };
  const agent = useQuery(readTagged("GET /agents/{agentId}", { path: { agentId } }));
  const isUnknown = agent.error instanceof ApiProblem && (agent.error.isNotFound || agent.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  const crumbs = [
    { to: "/agents", label: "Agents" },
    { to: `/agents/${agentId}`, label: agent.data?.value.email ?? "Agent" },
  ];
  return (
    <Page title="Edit the agent" crumbs={crumbs}>
      {hasScope(session, "agents:write") ? (
        <Loaded query={agent} skeleton={<Skeleton lines={14} />}>
          {(record) => <EditForm opened={record} />}
        </Loaded>
      ) : (
        <Forbidden scope="agents:write" />
      )}
    </Page>
  );
}

interface Change {
  readonly body: ChangeAgent;
  readonly ifMatch: string | null;
}

/** @param opened the record when the form was opened; a later reading does not change what is typed */
function EditForm({ opened }: { readonly opened: Tagged<Agent> }) {
  const session = useSession();
  const navigate = useNavigate();
  const [base] = useState(opened);
  const [draft, setDraft] = useState(draftOf(base.value));
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const [newer, setNewer] = useState<Tagged<Agent> | null>(null);
  const path = { agentId: base.value.agentId };
  const change = useAct(
    ({ body, ifMatch }: Change) => callWithTag("PATCH /agents/{agentId}", { path, body, ifMatch }),
    { refresh: ["/agents", "/audit", "/oauth2"] },
  );
  const reread = useAct(() => callWithTag("GET /agents/{agentId}", { path }));
  const leave = () => void navigate({ to: `/agents/${path.agentId}` as never });
  const body = changesOf(draft, base.value);

  const save = async (ifMatch: string | null) => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    if (Object.keys(body).length === 0) return leave();
    const { value, problem } = await change.run({ body, ifMatch });
    if (value !== undefined) {
      toast(`Saved ${value.value.email}.`);
      return leave();
    }
    setNewer(problem.isChanged ? ((await reread.run()).value ?? null) : null);
  };

  return (
    <div className="agent-form">
      {newer !== null && (
        <ChangedMeanwhile
          what="This agent"
          differences={differencesOf(base.value, body, newer.value)}
          isRunning={change.isRunning}
          onSaveAgain={() => void save(newer.etag)}
          onLeave={leave}
        />
      )}
      <Form
        act="Save"
        isRunning={change.isRunning}
        problem={newer === null ? (change.problem ?? reread.problem) : null}
        autoComplete="off"
        onSubmit={() => void save(newer?.etag ?? base.etag)}
        onCancel={leave}
      >
        <AgentFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={[...issues, ...(change.problem?.issues ?? [])]}
          scopes={offeredScopes(session, base.value.grantedScopes)}
          capabilitiesNote={<CapabilitiesNote />}
          isRegistered
        />
      </Form>
    </div>
  );
}
