/** One partner: change it, suspend it, end the trust. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { call, callWithTag, type Tagged } from "../../api/client.ts";
import { ApiProblem } from "../../api/problem.ts";
import { readTagged } from "../../api/queries.ts";
import type { FederationPartner, PartnerStatus } from "../../api/schema.ts";
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
import { partnerCrumbs } from "./crumbs.ts";
import "./organization.css";
import { changesOf, draftOf } from "./partner-draft.ts";
import { PartnerFields } from "./partner-fields.tsx";

const refresh = { refresh: ["/federation", "/audit"] };

export function Screen() {
  const { partnerId = "" } = useParams({ strict: false }) as { readonly partnerId?: string };
  const partner = useQuery(readTagged("GET /federation/partners/{partnerId}", { path: { partnerId } }));
  const isUnknown = partner.error instanceof ApiProblem && (partner.error.isNotFound || partner.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  return (
    <Page
      title={partner.data?.value.name ?? "Partner"}
      crumbs={partnerCrumbs}
      actions={partner.data && <Acts partner={partner.data.value} />}
    >
      <Loaded query={partner} skeleton={<Skeleton lines={10} />}>
        {(record) => (
          <div className="record">
            <DefinitionList
              facts={[
                { label: "Status", value: <Badge status={record.value.status} /> },
                { label: "Issuer", value: <bdi className="code breaks">{record.value.issuer}</bdi> },
                { label: "Trusted since", value: <Time value={record.value.createdAt} /> },
                { label: "Changed", value: <Time value={record.value.updatedAt} /> },
                { label: "Partner id", value: <Id value={record.value.partnerId} label="partner id" /> },
              ]}
            />
            <EditForm key={record.etag} opened={record} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

/** @param opened the record when the form was opened; a later reading does not change what is typed */
function EditForm({ opened }: { readonly opened: Tagged<FederationPartner> }) {
  const [base] = useState(opened);
  const [draft, setDraft] = useState(draftOf(base.value));
  const body = changesOf(draft, base.value);
  const change = useAct(
    () =>
      callWithTag("PATCH /federation/partners/{partnerId}", {
        path: { partnerId: base.value.partnerId },
        body,
        ifMatch: base.etag,
      }),
    refresh,
  );
  return (
    <Section title="Change it">
      <Form
        act="Save"
        isRunning={change.isRunning}
        problem={change.problem}
        autoComplete="off"
        onSubmit={async () => {
          if (Object.keys(body).length === 0) return toast("Nothing was changed.");
          const { value } = await change.run();
          if (value !== undefined) toast(`Saved ${value.value.name}.`);
        }}
      >
        <PartnerFields
          draft={draft}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
          issues={change.problem?.issues ?? []}
          isTrusted
        />
      </Form>
    </Section>
  );
}

interface PartnerProps {
  readonly partner: FederationPartner;
}

const useStatus = ({ partnerId }: FederationPartner, status: PartnerStatus) =>
  useAct(() => call("PATCH /federation/partners/{partnerId}", { path: { partnerId }, body: { status } }), refresh);

function Acts({ partner }: PartnerProps) {
  const [asked, setAsked] = useState<"suspend" | "delete" | null>(null);
  const resume = useStatus(partner, "active");
  return (
    <>
      {partner.status === "active" ? (
        <Button look="danger" onClick={() => setAsked("suspend")}>
          Suspend
        </Button>
      ) : (
        <Button
          look="main"
          isBusy={resume.isRunning}
          onClick={async () => {
            const { problem } = await resume.run();
            toast(problem ? `It was not resumed. ${problem.message}` : `${partner.name} is trusted again.`);
          }}
        >
          Resume
        </Button>
      )}
      <Button look="danger" onClick={() => setAsked("delete")}>
        End the trust
      </Button>
      {asked === "suspend" && <SuspendDialog partner={partner} onClose={() => setAsked(null)} />}
      {asked === "delete" && <DeleteDialog partner={partner} onClose={() => setAsked(null)} />}
    </>
  );
}

interface DialogProps extends PartnerProps {
  readonly onClose: () => void;
}

function SuspendDialog({ partner, onClose }: DialogProps) {
  const suspend = useStatus(partner, "suspended");
  return (
    <ConfirmDialog
      title={`Suspend ${partner.name}?`}
      act="Suspend"
      isRunning={suspend.isRunning}
      problem={suspend.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await suspend.run();
        if (problem) return;
        onClose();
        toast(`Suspended ${partner.name}.`);
      }}
    >
      <p>Its tokens are not valid here until it is resumed.</p>
    </ConfirmDialog>
  );
}

function DeleteDialog({ partner, onClose }: DialogProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useAct(
    () => call("DELETE /federation/partners/{partnerId}", { path: { partnerId: partner.partnerId } }),
    { refresh: ["/audit"] },
  );
  return (
    <ConfirmDialog
      title={`End the trust in ${partner.name}?`}
      act="End the trust"
      typed={partner.name}
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        toast(`${partner.name} is not trusted any more.`);
        await navigate({ to: "/organization" as never, search: { tab: "partners" } as never });
        // Only then: this screen would read what is no more.
        await queries.invalidateQueries({ queryKey: ["/federation"] });
      }}
    >
      <p>Its tokens are not valid here any more.</p>
    </ConfirmDialog>
  );
}
