/** One resource: change it, disable it, delete it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { call, callWithTag, type Tagged } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import { ApiProblem } from "../../api/problem.ts";
import { readTagged } from "../../api/queries.ts";
import type { ChangeResource, Resource } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ChangedMeanwhile } from "../../ui/changed-meanwhile.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Form } from "../../ui/form.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";
import { resourceCrumbs } from "./crumbs.ts";
import "./organization.css";
import { changesOf, differencesOf, draftOf, issuesOfDraft } from "./resource-draft.ts";
import { ResourceFields } from "./resource-fields.tsx";

const refresh = { refresh: ["/resources", "/audit"] };

export function Screen() {
  const session = useSession();
  const { resourceId = "" } = useParams({ strict: false }) as { readonly resourceId?: string };
  const resource = useQuery(readTagged("GET /resources/{resourceId}", { path: { resourceId } }));
  const isUnknown =
    resource.error instanceof ApiProblem && (resource.error.isNotFound || resource.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  const mayChange = hasScope(session, "admin:orgs");
  return (
    <Page
      title={resource.data?.value.name ?? "Resource"}
      crumbs={resourceCrumbs}
      actions={mayChange && resource.data && <Acts resource={resource.data.value} />}
    >
      <Loaded query={resource} skeleton={<Skeleton lines={12} />}>
        {(record) => (
          <div className="record">
            <Facts resource={record.value} />
            {mayChange && <EditForm key={record.etag} opened={record} />}
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Facts({ resource }: { readonly resource: Resource }) {
  return (
    <DefinitionList
      facts={[
        { label: "Status", value: <Badge status={resource.status} /> },
        { label: "Identifier", value: <bdi className="code breaks">{resource.identifier}</bdi> },
        { label: "Registered", value: <Time value={resource.createdAt} /> },
        { label: "Changed", value: <Time value={resource.updatedAt} /> },
        { label: "Resource id", value: <Id value={resource.resourceId} label="resource id" /> },
      ]}
    />
  );
}

interface Change {
  readonly body: ChangeResource;
  readonly ifMatch: string | null;
}

/** @param opened the record when the form was opened; a later reading does not change what is typed */
function EditForm({ opened }: { readonly opened: Tagged<Resource> }) {
  const [base] = useState(opened);
  const [draft, setDraft] = useState(draftOf(base.value));
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const [newer, setNewer] = useState<Tagged<Resource> | null>(null);
  const path = { resourceId: base.value.resourceId };
  const change = useAct(
    ({ body, ifMatch }: Change) => callWithTag("PATCH /resources/{resourceId}", { path, body, ifMatch }),
    refresh,
  );
  const reread = useAct(() => callWithTag("GET /resources/{resourceId}", { path }));
  const body = changesOf(draft, base.value);
  const save = async (ifMatch: string | null) => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    if (Object.keys(body).length === 0) return toast("Nothing was changed.");
    const { value, problem } = await change.run({ body, ifMatch });
    if (value !== undefined) return toast(`Saved ${value.value.name}.`);
    setNewer(problem.isChanged ? ((await reread.run()).value ?? null) : null);
  };
  return (
    <Section title="Change it">
      {newer !== null && (
        <ChangedMeanwhile
          what="This resource"
          differences={differencesOf(base.value, body, newer.value)}
          isRunning={change.isRunning}
          onSaveAgain={() => void save(newer.etag)}
          onLeave={() => {
            setDraft(draftOf(newer.value));
            setNewer(null);
          }}
        />
      )}
      <Form
        act="Save"
        isRunning={change.isRunning}
        problem={newer === null ? (change.problem ?? reread.problem) : null}
        autoComplete="off"
        onSubmit={() => void save(newer?.etag ?? base.etag)}
      >
        <ResourceFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={[...issues, ...(change.problem?.issues ?? [])]}
          isRegistered
        />
      </Form>
    </Section>
  );
}

function Acts({ resource }: { readonly resource: Resource }) {
  const [asked, setAsked] = useState<"disable" | "delete" | null>(null);
  const enable = useStatus(resource, "active");
  return (
    <>
      {resource.status === "active" ? (
        <Button look="danger" onClick={() => setAsked("disable")}>
          Disable
        </Button>
      ) : (
        <Button
          look="main"
          isBusy={enable.isRunning}
          onClick={async () => {
            const { problem } = await enable.run();
            toast(problem ? `It was not enabled. ${problem.message}` : `Enabled ${resource.name}.`);
          }}
        >
          Enable
        </Button>
      )}
      <Button look="danger" onClick={() => setAsked("delete")}>
        Delete
      </Button>
      {asked === "disable" && <DisableDialog resource={resource} onClose={() => setAsked(null)} />}
      {asked === "delete" && <DeleteDialog resource={resource} onClose={() => setAsked(null)} />}
    </>
  );
}

const useStatus = ({ resourceId }: Resource, status: "active" | "disabled") =>
  useAct(() => call("PATCH /resources/{resourceId}", { path: { resourceId }, body: { status } }), refresh);

interface DialogProps {
  readonly resource: Resource;
  readonly onClose: () => void;
}

function DisableDialog({ resource, onClose }: DialogProps) {
  const disable = useStatus(resource, "disabled");
  return (
    <ConfirmDialog
      title={`Disable ${resource.name}?`}
      act="Disable"
      isRunning={disable.isRunning}
      problem={disable.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await disable.run();
        if (problem) return;
        onClose();
        toast(`Disabled ${resource.name}.`);
      }}
    >
      <p>No agent gets a new token for it until it is enabled again. Tokens from before live until they expire.</p>
    </ConfirmDialog>
  );
}

function DeleteDialog({ resource, onClose }: DialogProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useAct(() => call("DELETE /resources/{resourceId}", { path: { resourceId: resource.resourceId } }), {
    refresh: ["/audit", "/oauth2"],
  });
  return (
    <ConfirmDialog
      title={`Delete ${resource.name}?`}
      act="Delete"
      typed={resource.name}
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        toast(`Deleted ${resource.name}.`);
        await navigate({ to: "/organization" as never, search: { tab: "resources" } as never });
        // Only then: this screen would read what is no more.
        await queries.invalidateQueries({ queryKey: ["/resources"] });
      }}
    >
      <p>No agent gets tokens for it any more, and delegations for it end at once.</p>
    </ConfirmDialog>
  );
}
