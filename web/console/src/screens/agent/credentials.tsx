/** The credentials of an agent: create, rotate, revoke; how old they are and when they were last used. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { read } from "../../api/queries.ts";
import type { Agent, Credential, CredentialWithSecret } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Id, shortId } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty, Forbidden } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { CreateDialog, RevokeDialog, RotateDialog } from "./credential-dialogs.tsx";
import { NewSecret } from "./new-secret.tsx";

type Asked = { readonly act: "create" } | { readonly act: "rotate" | "revoke"; readonly credential: Credential };

export function Credentials({ agent }: { readonly agent: Agent }) {
  const session = useSession();
  const mayWrite = hasScope(session, "agents:write");
  const mayRead = mayWrite || hasScope(session, "audit:read") || agent.agentId === session.agent.agentId;
  return mayRead ? <CredentialList agent={agent} mayWrite={mayWrite} /> : <Forbidden scope="agents:write" />;
}

function CredentialList({ agent, mayWrite }: { readonly agent: Agent; readonly mayWrite: boolean }) {
  const { cursor } = usePlace();
  const [asked, setAsked] = useState<Asked | null>(null);
  // Here and nowhere else: an answer of `useAct` is not kept.
  const [issued, setIssued] = useState<CredentialWithSecret | null>(null);
  const credentials = useQuery({
    ...read("GET /agents/{agentId}/credentials", { path: { agentId: agent.agentId }, query: { limit: 20, cursor } }),
    placeholderData: keepPreviousData,
  });
  const mayChange = mayWrite && agent.status !== "decommissioned";
  const close = () => setAsked(null);
  const issue = (credential: CredentialWithSecret) => {
    close();
    setIssued(credential);
  };
  const create = mayChange && (
    <Button look="main" onClick={() => setAsked({ act: "create" })}>
      Create a credential
    </Button>
  );
  return (
    <Section
      title="Credentials"
      lead="An id and a secret to sign in with. An agent may have ten that are active."
      actions={credentials.data?.data.length === 0 ? null : create}
    >
      <Loaded query={credentials} skeleton={<Skeleton lines={4} />}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <NoCredential agent={agent}>{create}</NoCredential>
          ) : (
            <>
              <Table
                caption="Credentials"
                isCaptionHidden
                columns={mayChange ? [...columns, actsColumn(setAsked)] : columns}
                rows={data}
                keyOf={({ credentialId }) => credentialId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="credentials" />
            </>
          )
        }
      </Loaded>
      {asked?.act === "create" && <CreateDialog agent={agent} onIssued={issue} onClose={close} />}
      {asked?.act === "rotate" && (
        <RotateDialog agent={agent} credential={asked.credential} onIssued={issue} onClose={close} />
      )}
      {asked?.act === "revoke" && <RevokeDialog agent={agent} credential={asked.credential} onClose={close} />}
      {issued !== null && <NewSecret agent={agent} issued={issued} onSaved={() => setIssued(null)} />}
    </Section>
  );
}

const columns: readonly Column<Credential>[] = [
  {
    id: "id",
    label: "Credential",
    isHead: true,
    cell: ({ credentialId }) => <Id value={credentialId} label="credential id" />,
  },
  { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
  { id: "age", label: "Created", cell: ({ createdAt }) => <Time value={createdAt} look="relative" /> },
  { id: "used", label: "Last used", cell: ({ lastUsedAt }) => <Time value={lastUsedAt} look="relative" /> },
  {
    id: "ends",
    label: "Ends",
    cell: ({ expiresAt, revokedAt }) =>
      revokedAt === null ? (
        <Time value={expiresAt} look="relative" />
      ) : (
        <>
          revoked <Time value={revokedAt} look="relative" />
        </>
      ),
  },
];

const actsColumn = (ask: (asked: Asked) => void): Column<Credential> => ({
  id: "acts",
  label: "Change",
  isBare: true,
  cell: (credential) =>
    credential.status === "active" ? (
      <span className="row-acts">
        <Button
          onClick={() => ask({ act: "rotate", credential })}
          label={`Rotate credential ${shortId(credential.credentialId)}`}
        >
          Rotate
        </Button>
        <Button
          look="danger"
          onClick={() => ask({ act: "revoke", credential })}
          label={`Revoke credential ${shortId(credential.credentialId)}`}
        >
          Revoke
        </Button>
      </span>
    ) : null,
});

function NoCredential({ agent, children }: { readonly agent: Agent; readonly children: ReactNode }) {
  return (
    <Empty
      title="No credential yet"
      next={children}
      code={`curl -sS --fail-with-body -X POST \\
  "${window.location.origin}/api/v1/agents/${agent.agentId}/credentials" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" -H "Content-Type: application/json" -d '{}'`}
    >
      {agent.status === "decommissioned"
        ? "This agent had none, and gets none any more."
        : "Without one, without a key of its own and without a trust policy, this agent cannot sign in."}
    </Empty>
  );
}
