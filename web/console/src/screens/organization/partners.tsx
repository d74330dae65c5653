/** Other identity providers whose agents' tokens are valid here. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { issueOf } from "../../api/issues.ts";
import { read } from "../../api/queries.ts";
import type { FederationPartner, VerifiedPartnerToken } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Field } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

const pageSize = 25;

const Add = () => (
  <Link to="/organization/partners/new" className="button main">
    Trust a partner
  </Link>
);

export function Partners() {
  const { cursor } = usePlace();
  const partners = useQuery({
    ...read("GET /federation/partners", { query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Section
        title="Partners"
        lead="Identity providers of others whose agents your APIs accept. Your agents verify a partner's token through this service."
        actions={partners.data?.data.length === 0 ? null : <Add />}
      >
        <Loaded query={partners} skeleton={<Skeleton lines={5} />}>
          {({ data, nextCursor }) =>
            data.length === 0 && cursor === undefined ? (
              <Empty title="No partners yet" next={<Add />}>
                No token of another identity provider is valid for your organization.
              </Empty>
            ) : (
              <>
                <Table
                  caption="Partners"
                  isCaptionHidden
                  columns={columns}
                  rows={data}
                  keyOf={({ partnerId }) => partnerId}
                />
                <Pager nextCursor={nextCursor} count={data.length} what="partners" />
              </>
            )
          }
        </Loaded>
      </Section>
      <TestToken />
    </>
  );
}

const columns: readonly Column<FederationPartner>[] = [
  {
    id: "name",
    label: "Partner",
    isHead: true,
    cell: ({ partnerId, name, issuer }) => (
      <span className="two-lines">
        <Link to={`/organization/partners/${partnerId}`}>
          <bdi>{name}</bdi>
        </Link>
        <bdi className="code quiet-text">{issuer}</bdi>
      </span>
    ),
  },
  { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
  {
    id: "until",
    label: "Until",
    cell: ({ expiresAt }) => <Time value={expiresAt} look="relative" none="without end" />,
  },
];

/** The token is in the field and in the request, and nowhere else. */
function TestToken() {
  const [token, setToken] = useState("");
  const [audience, setAudience] = useState("");
  const [result, setResult] = useState<VerifiedPartnerToken | null>(null);
  const verify = useAct((body: { token: string; audience?: string }) => call("POST /federation/verify", { body }));
  return (
    <Section
      title="Test a token"
      lead="Whether a partner's token is valid here. It is sent to the service and kept nowhere."
    >
      <Form
        act="Test"
        isRunning={verify.isRunning}
        problem={verify.problem}
        onSubmit={async () => {
          const body = { token: token.trim(), ...(audience.trim() === "" ? {} : { audience: audience.trim() }) };
          setResult((await verify.run(body)).value ?? null);
        }}
      >
        <Field
          name="token"
          label="Access token"
          rows={4}
          value={token}
          onChange={(text) => {
            setToken(text);
            setResult(null);
          }}
          error={issueOf(verify.problem?.issues ?? [], "token")}
          autoComplete="off"
          spellCheck={false}
          isCode
          required
        />
        <Field
          name="audience"
          label="Your identifier"
          value={audience}
          onChange={setAudience}
          hint="Accepted as aud beside your resources and the partner's audiences."
          error={issueOf(verify.problem?.issues ?? [], "audience")}
          isCode
        />
      </Form>
      <div role="status">{result !== null && <Result result={result} />}</div>
    </Section>
  );
}

function Result({ result }: { readonly result: VerifiedPartnerToken }) {
  if (!result.valid) {
    return (
      <div className="state bad">
        <h3>It is not valid</h3>
        <p>Its issuer is no active partner of yours, its signature is not the issuer's, or it has expired.</p>
      </div>
    );
  }
  const { issuer = "", subject = "", audience = [], scopes = [], expiresAt } = result;
  return (
    <>
      <div className="state good">
        <h3>It is valid</h3>
      </div>
      <DefinitionList
        facts={[
          { label: "Issuer", value: <bdi className="code breaks">{issuer}</bdi> },
          { label: "Subject", value: <bdi className="code breaks">{subject}</bdi> },
          { label: "Audience", value: <bdi className="code breaks">{audience.join(" ")}</bdi> },
          { label: "Scopes", value: <bdi className="code breaks">{scopes.join(" ") || "none"}</bdi> },
          { label: "Expires", value: <Time value={expiresAt ?? null} look="both" /> },
        ]}
      />
    </>
  );
}
