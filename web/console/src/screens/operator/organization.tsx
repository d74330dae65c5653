/** One organization, as its operator sees it: tier and limits, suspension, deletion. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { call, callWithTag, type Tagged } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import { ApiProblem } from "../../api/problem.ts";
import { readTagged } from "../../api/queries.ts";
import type { Organization } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Form } from "../../ui/form.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";
import { changesOf, draftOf, issuesOfDraft } from "./draft.ts";
import { OrganizationFields } from "./fields.tsx";
import { OperatorOnly } from "./operator-only.tsx";

const refresh = { refresh: ["/organizations", "/audit"] };

export function Screen() {
  const { orgId = "" } = useParams({ strict: false }) as { readonly orgId?: string };
  const organization = useQuery(readTagged("GET /organizations/{orgId}", { path: { orgId } }));
  const { error, data } = organization;
  const isUnknown = error instanceof ApiProblem && (error.isNotFound || error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  return (
    <Page
      title={data?.value.name ?? "Organization"}
      crumbs={[{ to: "/operator", label: "Operator" }]}
      actions={data && <Acts organization={data.value} />}
    >
      <OperatorOnly>
        <Loaded query={organization} skeleton={<Skeleton lines={10} />}>
          {(record) => (
            <>
              <DefinitionList
                facts={[
                  { label: "Status", value: <Badge status={record.value.status} /> },
                  { label: "Slug", value: <code>{record.value.slug}</code> },
                  { label: "Created", value: <Time value={record.value.createdAt} /> },
                  { label: "Changed", value: <Time value={record.value.updatedAt} /> },
                  {
                    label: "Organization id",
                    value: <Id value={record.value.organizationId} label="organization id" />,
                  },
                ]}
              />
              {record.value.status !== "deleted" && <EditForm key={record.etag} opened={record} />}
            </>
          )}
        </Loaded>
      </OperatorOnly>
    </Page>
  );
}

/** @param opened the record when the form was opened; a later reading does not change what is typed */
function EditForm({ opened }: { readonly opened: Tagged<Organization> }) {
  const [base] = useState(opened);
  const [draft, setDraft] = useState(draftOf(base.value));
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const body = changesOf(draft, base.value);
  const path = { orgId: base.value.organizationId };
  const change = useAct(() => callWithTag("PATCH /organizations/{orgId}", { path, body, ifMatch: base.etag }), refresh);
  return (
    <Section title="Name, tier and limits">
      <Form
        act="Save"
        isRunning={change.isRunning}
        problem={change.problem}
        autoComplete="off"
        onSubmit={async () => {
          const found = issuesOfDraft(draft);
          setIssues(found);
          if (found.length > 0) return;
          if (Object.keys(body).length === 0) return toast("Nothing was changed.");
          const { value } = await change.run();
          if (value !== undefined) toast(`Saved ${value.value.name}.`);
        }}
      >
        <OrganizationFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={[...issues, ...(change.problem?.issues ?? [])]}
          isCreated
        />
      </Form>
    </Section>
  );
}

interface OrganizationProps {
  readonly organization: Organization;
}

const useStatus = ({ organizationId }: Organization, status: "active" | "suspended") =>
  useAct(() => call("PATCH /organizations/{orgId}", { path: { orgId: organizationId }, body: { status } }), refresh);

/** The operator's own organization is neither suspended nor deleted: nobody could undo it. */
function Acts({ organization }: OrganizationProps) {
  const session = useSession();
  const [asked, setAsked] = useState<"suspend" | "delete" | null>(null);
  const reactivate = useStatus(organization, "active");
  const isOwn = organization.organizationId === session.organization.organizationId;
  if (isOwn || organization.status === "deleted") return null;
  return (
    <>
      {organization.status === "active" ? (
        <Button look="danger" onClick={() => setAsked("suspend")}>
          Suspend
        </Button>
      ) : (
        <Button
          look="main"
          isBusy={reactivate.isRunning}
          onClick={async () => {
            const { problem } = await reactivate.run();
            toast(problem ? `It was not reactivated. ${problem.message}` : `Reactivated ${organization.name}.`);
          }}
        >
          Reactivate
        </Button>
      )}
      <Button look="danger" onClick={() => setAsked("delete")}>
        Delete
      </Button>
      {asked === "suspend" && <SuspendDialog organization={organization} onClose={() => setAsked(null)} />}
      {asked === "delete" && <DeleteDialog organization={organization} onClose={() => setAsked(null)} />}
    </>
  );
}

interface DialogProps extends OrganizationProps {
  readonly onClose: () => void;
}

function SuspendDialog({ organization, onClose }: DialogProps) {
  const suspend = useStatus(organization, "suspended");
  return (
    <ConfirmDialog
      title={`Suspend ${organization.name}?`}
      act="Suspend"
      typed={organization.slug}
      isRunning={suspend.isRunning}
      problem={suspend.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await suspend.run();
        if (problem) return;
        onClose();
        toast(`Suspended ${organization.name}.`);
      }}
    >
      <p>
        All its tokens, sessions and delegations end at once, and none of its agents signs in. It can be reactivated;
        what has ended stays ended.
      </p>
    </ConfirmDialog>
  );
}

function DeleteDialog({ organization, onClose }: DialogProps) {
  const { organizationId, name, slug } = organization;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useAct(() => call("DELETE /organizations/{orgId}", { path: { orgId: organizationId } }), {
    refresh: ["/audit"],
  });
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      act="Delete"
      typed={slug}
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        toast(`Deleted ${name}.`);
        await navigate({ to: "/operator" as never });
        // Only then: this screen would read what is no more.
        await queries.invalidateQueries({ queryKey: ["/organizations"] });
      }}
    >
      <p>
        All its tokens end at once and none of its agents ever signs in again. Its webhooks, domains and personal data
        are removed. Its slug stays taken.
      </p>
    </ConfirmDialog>
  );
}
