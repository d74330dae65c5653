/** Adds a trust policy. A sample token shows, in the browser, which rule it would break. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { type FieldIssue, issueOf } from "../../api/issues.ts";
import type { CreateTrustPolicy } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { AgentChoice } from "../../ui/agent-choice.tsx";
import { Field, Select } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Forbidden } from "../../ui/states.tsx";
import { toast } from "../../ui/toast.tsx";
import { trustCrumbs } from "./crumbs.ts";
import "./organization.css";
import { tryPolicy } from "./sample.ts";
import { type Draft, issuesOfDraft, type Narrow, newDraft, policyOf } from "./trust-draft.ts";

export function Screen() {
  const session = useSession();
  return (
    <Page title="Add a trust policy" crumbs={trustCrumbs}>
      {hasScope(session, "agents:write") ? <AddForm /> : <Forbidden scope="agents:write" />}
    </Page>
  );
}

function AddForm() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(newDraft);
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const add = useAct(
    (body: CreateTrustPolicy, idempotencyKey) => call("POST /oidc/trust-policies", { body, idempotencyKey }),
    { refresh: ["/oidc", "/audit"] },
  );
  const leave = () => void navigate({ to: "/organization" as never, search: { tab: "trust" } as never });
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const submit = async () => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    const { problem } = await add.run(policyOf(draft));
    if (problem) return;
    toast("Added the trust policy.");
    leave();
  };
  const all = [...issues, ...(add.problem?.issues ?? [])];
  return (
    <div className="record">
      <Form
        act="Add the policy"
        isRunning={add.isRunning}
        problem={add.problem}
        autoComplete="off"
        onSubmit={() => void submit()}
        onCancel={leave}
      >
        <AgentChoice
          name="agentId"
          label="Signs in as the agent"
          value={draft.agentId}
          onChange={(agentId) => set({ agentId })}
          error={issueOf(all, "agentId")}
          isRequired
        />
        <Select
          name="provider"
          label="Workload"
          value={draft.provider}
          onChange={(provider) => set({ provider: provider === "oidc" ? "oidc" : "github" })}
          choices={[
            { value: "github", label: "A job at GitHub Actions" },
            { value: "oidc", label: "A workload of another OpenID provider" },
          ]}
        />
        {draft.provider === "github" ? (
          <GitHubFields draft={draft} set={set} issues={all} />
        ) : (
          <OidcFields draft={draft} set={set} issues={all} />
        )}
      </Form>
      <Sample draft={draft} />
    </div>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (part: Partial<Draft>) => void;
  readonly issues: readonly FieldIssue[];
}

const narrows: readonly { readonly value: Narrow; readonly label: string; readonly hint: string }[] = [
  { value: "branch", label: "One branch", hint: "Its name, such as main." },
  { value: "tag", label: "One tag", hint: "Its name, such as v1.4.0." },
  { value: "ref", label: "One ref, such as a merge queue", hint: "Such as refs/heads/gh-readonly-queue/main." },
  { value: "environment", label: "One environment", hint: "As the job names it, with its protection rules at GitHub." },
  {
    value: "jobWorkflowRef",
    label: "One workflow",
    hint: "owner/name/.github/workflows/file.yml@refs/heads/main",
  },
  { value: "anyRef", label: "Every run but those for pull requests", hint: "" },
];

function GitHubFields({ draft, set, issues }: FieldsProps) {
  const { narrow } = draft;
  const { label = "", hint = "" } = narrows.find(({ value }) => value === narrow) ?? {};
  return (
    <>
      <Field
        name="repository"
        label="Repository"
        value={draft.repository}
        onChange={(repository) => set({ repository })}
        hint="owner/name, exactly as GitHub spells it, with upper and lower case."
        error={issueOf(issues, "repository")}
        isCode
        required
      />
      <Select
        name="narrow"
        label="Which of its runs"
        value={narrow}
        onChange={(next) => set({ narrow: narrows.find(({ value }) => value === next)?.value ?? "branch", value: "" })}
        choices={narrows}
        error={issueOf(issues, "anyRef")}
      />
      {narrow !== "anyRef" && (
        <Field
          name="value"
          label={label}
          value={draft.value}
          onChange={(value) => set({ value })}
          hint={hint}
          error={issueOf(issues, narrow)}
          isCode
          required
        />
      )}
      {(narrow === "branch" || narrow === "tag" || narrow === "ref") && (
        <Field
          name="environment"
          label="And the environment"
          value={draft.environment}
          onChange={(environment) => set({ environment })}
          error={issueOf(issues, "environment")}
          isCode
        />
      )}
    </>
  );
}

function OidcFields({ draft, set, issues }: FieldsProps) {
  return (
    <>
      <Field
        name="issuer"
        label="Issuer"
        type="url"
        value={draft.issuer}
        onChange={(issuer) => set({ issuer })}
        hint="Exactly the iss of its tokens. Its discovery document must be public, unless its keys are named below."
        error={issueOf(issues, "issuer")}
        isCode
        required
      />
      <Field
        name="audience"
        label="Audience"
        value={draft.audience}
        onChange={(audience) => set({ audience })}
        hint="The one aud of its tokens."
        error={issueOf(issues, "audience")}
        isCode
        required
      />
      <Field
        name="claims"
        label="Claims"
        rows={4}
        value={draft.claims}
        onChange={(claims) => set({ claims })}
        hint="One a line: name=value. Those that identify your workload; each must have exactly this value."
        placeholder="sub=system:serviceaccount:screening:resume-screener"
        error={issueOf(issues, "claims")}
        isCode
        required
      />
      <Field
        name="jwksUri"
        label="Address of its keys"
        type="url"
        value={draft.jwksUri}
        onChange={(jwksUri) => set({ jwksUri })}
        hint="Where its discovery document cannot be reached from outside."
        error={issueOf(issues, "jwksUri")}
        isCode
      />
    </>
  );
}

/** What a token of the workload would do. It stays in this page's memory. */
function Sample({ draft }: { readonly draft: Draft }) {
  const [token, setToken] = useState("");
  return (
    <Section
      title="Try a token"
      lead="Paste a token of the workload, or its claims in JSON. It is read in this page only: sent nowhere, and its signature is not verified."
    >
      <div className="form">
        <Field
          name="sample"
          label="Sample token"
          rows={4}
          value={token}
          onChange={setToken}
          autoComplete="off"
          spellCheck={false}
          isCode
        />
      </div>
      <div role="status">{token.trim() !== "" && <SampleVerdict draft={draft} token={token} />}</div>
    </Section>
  );
}

function SampleVerdict({ draft, token }: { readonly draft: Draft; readonly token: string }) {
  const verdict = tryPolicy(policyOf(draft), token, window.location.origin);
  if (verdict.outcome === "matches") {
    return (
      <div className="state good">
        <h3>It matches</h3>
        <p>A workload with these claims signs in, if the signature is its issuer's and the token has not expired.</p>
      </div>
    );
  }
  if (verdict.outcome === "unreadable") {
    return (
      <div className="state bad">
        <h3>It cannot be read</h3>
        <p>{verdict.why}</p>
      </div>
    );
  }
  return (
    <div className="state bad">
      <h3>It does not match</h3>
      <p>{verdict.why}</p>
      <p>
        <code>{verdict.claim}</code> is <code className="breaks">{verdict.has}</code> in the token.
      </p>
    </div>
  );
}
