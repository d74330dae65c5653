/** Changes a webhook's name, URL and events. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { callWithTag, type Tagged } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import { ApiProblem } from "../../api/problem.ts";
import { readTagged } from "../../api/queries.ts";
import type { ChangeWebhook, Webhook } from "../../api/schema.ts";
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
import { changesOf, differencesOf, draftOf } from "./draft.ts";
import { issuesOfDraft, WebhookFields } from "./fields.tsx";
import "./webhooks.css";

export function Screen() {
  const session = useSession();
  const { webhookId = "" } = useParams({ strict: false }) as { readonly webhookId?: string };
  const webhook = useQuery(readTagged("GET /webhooks/{webhookId}", { path: { webhookId } }));
  const isUnknown = webhook.error instanceof ApiProblem && (webhook.error.isNotFound || webhook.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  const crumbs = [
    { to: "/webhooks", label: "Webhooks" },
    { to: `/webhooks/${webhookId}`, label: webhook.data?.value.name ?? "Webhook" },
  ];
  return (
    <Page title="Edit the webhook" crumbs={crumbs}>
      {hasScope(session, "webhooks:write") ? (
        <Loaded query={webhook} skeleton={<Skeleton lines={12} />}>
          {(record) => <EditForm opened={record} />}
        </Loaded>
      ) : (
        <Forbidden scope="webhooks:write" />
      )}
    </Page>
  );
}

interface Change {
  readonly body: ChangeWebhook;
  readonly ifMatch: string | null;
}

/** @param opened the record when the form was opened; a later reading does not change what is typed */
function EditForm({ opened }: { readonly opened: Tagged<Webhook> }) {
  const navigate = useNavigate();
  const [base] = useState(opened);
  const [draft, setDraft] = useState(draftOf(base.value));
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const [newer, setNewer] = useState<Tagged<Webhook> | null>(null);
  const path = { webhookId: base.value.id };
  const change = useAct(
    ({ body, ifMatch }: Change) => callWithTag("PATCH /webhooks/{webhookId}", { path, body, ifMatch }),
    { refresh: ["/webhooks", "/audit"] },
  );
  const reread = useAct(() => callWithTag("GET /webhooks/{webhookId}", { path }));
  const leave = () => void navigate({ to: `/webhooks/${path.webhookId}` as never });
  const body = changesOf(draft, base.value);

  const save = async (ifMatch: string | null) => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    if (Object.keys(body).length === 0) return leave();
    const { value, problem } = await change.run({ body, ifMatch });
    if (value !== undefined) {
      toast(`Saved ${value.value.name}.`);
      return leave();
    }
    setNewer(problem.isChanged ? ((await reread.run()).value ?? null) : null);
  };

  return (
    <div className="webhook">
      {newer !== null && (
        <ChangedMeanwhile
          what="This webhook"
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
        <WebhookFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={[...issues, ...(change.problem?.issues ?? [])]}
        />
      </Form>
    </div>
  );
}
