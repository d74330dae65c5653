/** What the organization is, and its name, which its admins can change. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { callWithTag, type Tagged } from "../../api/client.ts";
import { issueOf } from "../../api/issues.ts";
import { readTagged } from "../../api/queries.ts";
import type { Organization } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ChangedMeanwhile } from "../../ui/changed-meanwhile.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Field } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";

export function Summary() {
  const orgId = useSession().organization.organizationId;
  const [isEdited, setEdited] = useState(false);
  const organization = useQuery(readTagged("GET /organizations/{orgId}", { path: { orgId } }));
  return (
    <Loaded query={organization} skeleton={<Skeleton lines={6} />}>
      {(record) => (
        <Section
          title={record.value.name}
          actions={!isEdited && <Button onClick={() => setEdited(true)}>Rename</Button>}
        >
          {isEdited && <Rename opened={record} onClose={() => setEdited(false)} />}
          <Facts organization={record.value} />
        </Section>
      )}
    </Loaded>
  );
}

function Facts({ organization }: { readonly organization: Organization }) {
  const { organizationId, slug, planTier, status, createdAt, updatedAt } = organization;
  return (
    <DefinitionList
      facts={[
        { label: "Status", value: <Badge status={status} /> },
        { label: "Slug", value: <code>{slug}</code> },
        {
          label: "Tier",
          value: (
            <>
              {planTier}: <Link to="/tier">limits and use</Link>
            </>
          ),
        },
        { label: "Created", value: <Time value={createdAt} /> },
        { label: "Changed", value: <Time value={updatedAt} /> },
        { label: "Organization id", value: <Id value={organizationId} label="organization id" /> },
      ]}
    />
  );
}

interface RenameProps {
  readonly opened: Tagged<Organization>;
  readonly onClose: () => void;
}

function Rename({ opened, onClose }: RenameProps) {
  const [base] = useState(opened);
  const [name, setName] = useState(base.value.name);
  const [newer, setNewer] = useState<Tagged<Organization> | null>(null);
  const path = { orgId: base.value.organizationId };
  const change = useAct(
    (ifMatch: string | null) =>
      callWithTag("PATCH /organizations/{orgId}", { path, body: { name: name.trim() }, ifMatch }),
    { refresh: ["/organizations", "/session", "/audit"] },
  );
  const reread = useAct(() => callWithTag("GET /organizations/{orgId}", { path }));
  const save = async (ifMatch: string | null) => {
    const { value, problem } = await change.run(ifMatch);
    if (value !== undefined) {
      toast(`It is called ${value.value.name} now.`);
      return onClose();
    }
    setNewer(problem.isChanged ? ((await reread.run()).value ?? null) : null);
  };
  return (
    <>
      {newer !== null && (
        <ChangedMeanwhile
          what="This organization"
          differences={[{ label: "Name", yours: name, theirs: newer.value.name }]}
          isRunning={change.isRunning}
          onSaveAgain={() => void save(newer.etag)}
          onLeave={onClose}
        />
      )}
      <Form
        act="Save"
        isRunning={change.isRunning}
        problem={newer === null ? change.problem : null}
        onSubmit={() => void save(newer?.etag ?? base.etag)}
        onCancel={onClose}
      >
        <Field
          name="name"
          label="Name"
          value={name}
          onChange={setName}
          error={issueOf(change.problem?.issues ?? [], "name")}
          autoComplete="off"
          required
        />
      </Form>
    </>
  );
}
