/** What lists of delegations share: their columns, and the dialog that revokes one. */
import { call } from "../api/client.ts";
import type { Delegation, DelegationStatus, NamedAgent } from "../api/schema.ts";
import { hasScope, useSession } from "../session/session.ts";
import { useAct } from "./act.ts";
import { AgentLink } from "./agent-name.tsx";
import { Badge } from "./badge.tsx";
import { Button } from "./button.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { Id, shortId } from "./id.tsx";
import type { Column } from "./table.tsx";
import { Time } from "./time.tsx";
import { toast } from "./toast.tsx";

/** By id; an agent that was erased, or that this session may not read, is not among them. */
export type Agents = Readonly<Record<string, NamedAgent>>;

export const statusChoices: readonly { readonly value: DelegationStatus; readonly label: string }[] = [
  { value: "active", label: "Active" },
  { value: "expired", label: "Expired" },
  { value: "revoked", label: "Revoked" },
];

/** One side of the delegation. */
export const partyColumn = (side: "delegator" | "delegatee", label: string, agents: Agents): Column<Delegation> => ({
  id: side,
  label,
  isHead: true,
  cell: (delegation) => {
    const agentId = delegation[`${side}AgentId`];
    return <AgentLink agentId={agentId} email={agents[agentId]?.email} />;
  },
});

/** What is lent, until when, and whether it still is. */
export const lentColumns: readonly Column<Delegation>[] = [
  {
    id: "status",
    label: "Status and id",
    cell: ({ status, chainId }) => (
      <>
        <Badge status={status} /> <Id value={chainId} label="delegation id" />
      </>
    ),
  },
  { id: "scopes", label: "Scopes", cell: (delegation) => <Lent {...delegation} /> },
  { id: "expires", label: "Expires", cell: ({ expiresAt }) => <Time value={expiresAt} look="relative" /> },
];

export function Lent({ scopes, resource }: Pick<Delegation, "scopes" | "resource">) {
  return (
    <>
      <code className="scopes">{scopes.join(" ")}</code>
      {resource !== undefined && <span className="quiet-text breaks">for {resource}</span>}
    </>
  );
}

export const revokeColumn = (
  mayRevoke: (delegation: Delegation) => boolean,
  ask: (delegation: Delegation) => void,
): Column<Delegation> => ({
  id: "revoke",
  label: "Revoke",
  isBare: true,
  cell: (delegation) =>
    delegation.status === "active" && mayRevoke(delegation) ? (
      <Button look="danger" onClick={() => ask(delegation)} label={`Revoke delegation ${shortId(delegation.chainId)}`}>
        Revoke
      </Button>
    ) : null,
});

/** Whether the session may revoke a delegation: one of its own agent, or any with the scope. */
export function useMayRevoke(): (delegation: Pick<Delegation, "delegatorAgentId">) => boolean {
  const session = useSession();
  return ({ delegatorAgentId }) => hasScope(session, "agents:write") || delegatorAgentId === session.agent.agentId;
}

interface RevokeProps {
  readonly chainId: string;
  readonly onClose: () => void;
}

export function RevokeDelegation({ chainId, onClose }: RevokeProps) {
  const revoke = useAct(() => call("DELETE /oauth2/token/delegate/{chainId}", { path: { chainId } }), {
    refresh: ["/oauth2", "/audit"],
  });
  return (
    <ConfirmDialog
      title={`Revoke delegation ${shortId(chainId)}?`}
      act="Revoke"
      isRunning={revoke.isRunning}
      problem={revoke.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await revoke.run();
        if (problem) return;
        onClose();
        toast(`Revoked delegation ${shortId(chainId)}.`);
      }}
    >
      <p>
        Every access token that was made from it ends at once. The delegatee cannot use it any more; a new one can be
        made.
      </p>
    </ConfirmDialog>
  );
}
