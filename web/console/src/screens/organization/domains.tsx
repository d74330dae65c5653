/** The domains that the organization has proved: resources below them can be registered. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { issueOf } from "../../api/issues.ts";
import { read } from "../../api/queries.ts";
import type { OrganizationDomain } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { DefinitionList, type Fact } from "../../ui/details.tsx";
import { Field } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty, Problem } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";

const pageSize = 20;
const refresh = { refresh: ["/organizations", "/audit"] };

export function Domains() {
  const orgId = useSession().organization.organizationId;
  const { cursor } = usePlace();
  const domains = useQuery({
    ...read("GET /organizations/{orgId}/domains", { path: { orgId }, query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="Domains"
      lead="Names that your organization controls. At and below a verified one you can register resources; it is looked at again each day."
    >
      <AddDomain orgId={orgId} />
      <Loaded query={domains} skeleton={<Skeleton lines={6} />}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <Empty title="No domains yet">
              Without one, resources have identifiers of the form urn:agentidp:…, which need no proof. Add a domain
              above to register addresses of your own.
            </Empty>
          ) : (
            <>
              <ul className="cards">
                {data.map((domain) => (
                  <li key={domain.domain}>
                    <DomainCard orgId={orgId} domain={domain} />
                  </li>
                ))}
              </ul>
              <Pager nextCursor={nextCursor} count={data.length} what="domains" />
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

function AddDomain({ orgId }: { readonly orgId: string }) {
  const [domain, setDomain] = useState("");
  const add = useAct(
    (body: { domain: string }, idempotencyKey) =>
      call("POST /organizations/{orgId}/domains", { path: { orgId }, body, idempotencyKey }),
    refresh,
  );
  return (
    <Form
      act="Add the domain"
      isRunning={add.isRunning}
      problem={add.problem}
      autoComplete="off"
      onSubmit={async () => {
        const { value } = await add.run({ domain: domain.trim() });
        if (value === undefined) return;
        setDomain("");
        toast(`Added ${value.domain}. Publish its record, then verify it.`);
      }}
    >
      <Field
        name="domain"
        label="Domain"
        value={domain}
        onChange={setDomain}
        hint="A DNS name of yours, such as acme.example."
        error={issueOf(add.problem?.issues ?? [], "domain")}
        isCode
        required
      />
    </Form>
  );
}

interface CardProps {
  readonly orgId: string;
  readonly domain: OrganizationDomain;
}

function DomainCard({ orgId, domain: record }: CardProps) {
  const { domain, status, challenge, createdAt, verifiedAt, lastCheckedAt, lapsedAt } = record;
  const [isAsked, setAsked] = useState(false);
  const path = { orgId, domain };
  const verify = useAct(() => call("POST /organizations/{orgId}/domains/{domain}/verify", { path }), refresh);
  const facts: readonly (Fact | null)[] = [
    { label: "Added", value: <Time value={createdAt} look="relative" /> },
    { label: "Verified", value: <Time value={verifiedAt} look="relative" none="not yet" /> },
    { label: "Last looked at", value: <Time value={lastCheckedAt} look="relative" none="not yet" /> },
    lapsedAt === null ? null : { label: "Lapsed", value: <Time value={lapsedAt} look="relative" /> },
  ];
  return (
    <article className="card" aria-label={domain}>
      <div className="card-head">
        <h3 className="breaks">{domain}</h3>
        <Badge status={status} tone={status === "lapsed" ? "bad" : status === "verified" ? "good" : "warn"} />
        <span className="actions">
          <Button
            look={status === "verified" ? "plain" : "main"}
            isBusy={verify.isRunning}
            label={`Verify ${domain}`}
            onClick={async () => {
              const { value } = await verify.run();
              if (value !== undefined) toast(`${domain} is ${value.status}.`);
            }}
          >
            Verify
          </Button>
          <Button look="danger" label={`Remove ${domain}`} onClick={() => setAsked(true)}>
            Remove
          </Button>
        </span>
      </div>
      {verify.problem && <Problem error={verify.problem} isAct />}
      <DefinitionList facts={facts.filter((fact) => fact !== null)} />
      <p>
        {status === "verified"
          ? "Keep this TXT record: when it is gone for three days, the domain lapses."
          : "Publish this TXT record, then verify. DNS can take some minutes to show it."}
      </p>
      <DefinitionList
        facts={[
          { label: "Name", value: <Copied value={challenge.name} what={`name of the record of ${domain}`} /> },
          { label: "Value", value: <Copied value={challenge.value} what={`value of the record of ${domain}`} /> },
        ]}
      />
      {isAsked && <RemoveDialog orgId={orgId} domain={record} onClose={() => setAsked(false)} />}
    </article>
  );
}

function Copied({ value, what }: { readonly value: string; readonly what: string }) {
  return (
    <span className="copied">
      <code className="breaks">{value}</code> <CopyButton value={value} what={what} />
    </span>
  );
}

function RemoveDialog({ orgId, domain: { domain }, onClose }: CardProps & { readonly onClose: () => void }) {
  const remove = useAct(() => call("DELETE /organizations/{orgId}/domains/{domain}", { path: { orgId, domain } }), {
    refresh: ["/organizations", "/resources", "/audit"],
  });
  return (
    <ConfirmDialog
      title={`Remove ${domain}?`}
      act="Remove"
      typed={domain}
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        onClose();
        toast(`Removed ${domain}.`);
      }}
    >
      <p>
        Resources at and below it that no other verified domain covers get no new tokens, and another organization can
        prove the name.
      </p>
    </ConfirmDialog>
  );
}
