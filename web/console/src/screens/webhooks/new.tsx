/** Creates a webhook. Its secret is shown once, then its own page. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import type { CreateWebhook, WebhookWithSecret } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Form } from "../../ui/form.tsx";
import { Page } from "../../ui/page.tsx";
import { Forbidden } from "../../ui/states.tsx";
import { newDraft, trimmed } from "./draft.ts";
import { issuesOfDraft, WebhookFields } from "./fields.tsx";
import { NewSecret } from "./new-secret.tsx";
import "./webhooks.css";

export function Screen() {
  const session = useSession();
  return (
    <Page title="Create a webhook" crumbs={[{ to: "/webhooks", label: "Webhooks" }]}>
      {hasScope(session, "webhooks:write") ? <CreateForm /> : <Forbidden scope="webhooks:write" />}
    </Page>
  );
}

function CreateForm() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(newDraft);
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  // Here and nowhere else: an answer of `useAct` is not kept.
  const [issued, setIssued] = useState<WebhookWithSecret | null>(null);
  const create = useAct((body: CreateWebhook, idempotencyKey) => call("POST /webhooks", { body, idempotencyKey }), {
    refresh: ["/webhooks", "/audit"],
  });
  const submit = async () => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    const { value } = await create.run(trimmed(draft));
    if (value !== undefined) setIssued(value);
  };
  return (
    <>
      <Form
        act="Create the webhook"
        isRunning={create.isRunning}
        problem={create.problem}
        autoComplete="off"
        onSubmit={() => void submit()}
        onCancel={() => void navigate({ to: "/webhooks" as never })}
      >
        <WebhookFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={[...issues, ...(create.problem?.issues ?? [])]}
        />
      </Form>
      {issued !== null && (
        <NewSecret
          issued={issued}
          onSaved={() => {
            setIssued(null);
            void navigate({ to: `/webhooks/${issued.id}` as never });
          }}
        />
      )}
    </>
  );
}
