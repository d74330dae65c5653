/** Creates an organization with its first admin, whose secret is shown once. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import type { CreatedOrganization, CreateOrganization } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { Form } from "../../ui/form.tsx";
import { Page } from "../../ui/page.tsx";
import { SecretDialog } from "../../ui/secret-dialog.tsx";
import { issuesOfDraft, newDraft, organizationOf } from "./draft.ts";
import { OrganizationFields } from "./fields.tsx";
import { OperatorOnly } from "./operator-only.tsx";

export function Screen() {
  return (
    <Page title="Create an organization" crumbs={[{ to: "/operator", label: "Operator" }]}>
      <OperatorOnly>
        <CreateForm />
      </OperatorOnly>
    </Page>
  );
}

function CreateForm() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(newDraft);
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  // Here and nowhere else: an answer of `useAct` is not kept.
  const [created, setCreated] = useState<CreatedOrganization | null>(null);
  const create = useAct(
    (body: CreateOrganization, idempotencyKey) => call("POST /organizations", { body, idempotencyKey }),
    { refresh: ["/organizations", "/audit"] },
  );
  const submit = async () => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    const { value } = await create.run(organizationOf(draft));
    if (value !== undefined) setCreated(value);
  };
  return (
    <>
      <Form
        act="Create the organization"
        isRunning={create.isRunning}
        problem={create.problem}
        autoComplete="off"
        onSubmit={() => void submit()}
        onCancel={() => void navigate({ to: "/operator" as never })}
      >
        <OrganizationFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={[...issues, ...(create.problem?.issues ?? [])]}
          isCreated={false}
        />
      </Form>
      {created !== null && (
        <SecretDialog
          title={`The first admin of ${created.name}`}
          secret={{ label: "Client secret", value: created.admin.clientSecret, variable: "AGENTIDP_CLIENT_SECRET" }}
          beside={[
            { label: "Service", value: window.location.origin, variable: "AGENTIDP_API_URL" },
            { label: "Client id", value: created.admin.clientId, variable: "AGENTIDP_CLIENT_ID" },
          ]}
          fileName={`${created.slug}-admin.env`}
          onSaved={() => {
            const { organizationId } = created;
            setCreated(null);
            void navigate({ to: `/operator/organizations/${organizationId}` as never });
          }}
        >
          <p>Give it to the organization: its admin signs in with it, here or by the API.</p>
        </SecretDialog>
      )}
    </>
  );
}
