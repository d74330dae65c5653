/** Lends scopes of the agent that is signed in. The delegation's token is shown once. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { type FieldIssue, issueOf } from "../../api/issues.ts";
import type { CreateDelegation, DelegationWithToken } from "../../api/schema.ts";
import { scopeMeanings } from "../../session/scope-meanings.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { AgentChoice } from "../../ui/agent-choice.tsx";
import { Checks, Field, Select } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { shortId } from "../../ui/id.tsx";
import { Page } from "../../ui/page.tsx";
import { SecretDialog } from "../../ui/secret-dialog.tsx";
import { Time } from "../../ui/time.tsx";
import "./delegations.css";
import { type Draft, delegationOf, issuesOfDraft, lendable, lifetimes, newDraft } from "./draft.ts";

export function Screen() {
  const session = useSession();
  return (
    <Page
      title="Lend scopes"
      crumbs={[{ to: "/delegations", label: "Delegations" }]}
      lead={
        <>
          The lender is the agent that is signed in here, <bdi className="breaks">{session.agent.email}</bdi>. Another
          agent lends with a token of its own.
        </>
      }
    >
      <LendForm />
    </Page>
  );
}

function LendForm() {
  const session = useSession();
  const navigate = useNavigate();
  const [draft, setDraft] = useState<Draft>(newDraft);
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  // Here and nowhere else: an answer of `useAct` is not kept.
  const [issued, setIssued] = useState<DelegationWithToken | null>(null);
  const lend = useAct(
    (body: CreateDelegation, idempotencyKey) => call("POST /oauth2/token/delegate", { body, idempotencyKey }),
    { refresh: ["/oauth2", "/audit"] },
  );
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const all = [...issues, ...(lend.problem?.issues ?? [])];
  const scopes = lendable(session.scopes);
  const submit = async () => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    const { value } = await lend.run(delegationOf(draft));
    if (value !== undefined) setIssued(value);
  };
  return (
    <>
      <Form
        act="Lend"
        isRunning={lend.isRunning}
        problem={lend.problem}
        autoComplete="off"
        onSubmit={() => void submit()}
        onCancel={() => void navigate({ to: "/delegations" as never })}
      >
        <AgentChoice
          name="delegatee"
          label="To the agent"
          hint="Another active agent of your organization."
          value={draft.delegatee}
          onChange={(delegatee) => set({ delegatee })}
          error={issueOf(all, "delegateeAgentId")}
          isRequired
        />
        <Select
          name="what"
          label="What is lent"
          value={draft.what}
          onChange={(what) => set({ what: what === "resource" ? "resource" : "platform" })}
          choices={[
            { value: "platform", label: "Scopes of this service" },
            {
              value: "resource",
              label: "Capabilities for a resource",
              disabled: !hasScope(session, "delegations:write"),
            },
          ]}
        />
        {draft.what === "platform" ? (
          <Checks
            name="scopes"
            label="Scopes"
            hint="Of those of this session; never all that the agent may have."
            values={draft.scopes}
            onChange={(next) => set({ scopes: scopes.filter((scope) => next.includes(scope)) })}
            error={issueOf(all, "scopes")}
            choices={scopes.map((scope) => ({ value: scope, label: scope, hint: scopeMeanings[scope] }))}
          />
        ) : (
          <>
            <Field
              name="resource"
              label="Resource"
              value={draft.resource}
              onChange={(resource) => set({ resource })}
              hint="Its identifier, as it is registered."
              placeholder="https://api.acme.example/"
              error={issueOf(all, "resource")}
              isCode
              required
            />
            <Field
              name="capabilities"
              label="Capabilities"
              value={draft.capabilities}
              onChange={(capabilities) => set({ capabilities })}
              hint="Separated by blanks: resume:read resume:score"
              error={issueOf(all, "scopes")}
              isCode
              required
            />
          </>
        )}
        <Select
          name="lifetime"
          label="For"
          value={draft.lifetime}
          onChange={(lifetime) => set({ lifetime })}
          choices={lifetimes}
          error={issueOf(all, "ttlSeconds")}
          hint="It ends earlier when it is revoked, or when a change of either agent takes what it stands on."
        />
      </Form>
      {issued !== null && (
        <SecretDialog
          title={`Delegation ${shortId(issued.chainId)}`}
          secret={{ label: "Delegation token", value: issued.delegationToken, variable: "DELEGATION_TOKEN" }}
          beside={[{ label: "Delegation id", value: issued.chainId, variable: "DELEGATION_ID" }]}
          fileName="delegation.env"
          onSaved={() => {
            setIssued(null);
            void navigate({ to: "/delegations" as never });
          }}
        >
          <p>
            Give it to the other agent, which exchanges it for access tokens until <Time value={issued.expiresAt} />. To
            anybody else it is of no use.
          </p>
        </SecretDialog>
      )}
    </>
  );
}
