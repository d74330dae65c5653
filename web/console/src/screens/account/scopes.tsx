/** What this session may do. A session has the scopes that its agent held when it began. */
import type { PlatformScope } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Section } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const meanings: Readonly<Record<PlatformScope, string>> = {
  "agents:read": "Read agents, resources and the metadata of credentials",
  "agents:write": "Register, change and decommission agents; manage their credentials and trust policies",
  "tokens:read": "Introspect tokens",
  "delegations:write": "Lend capabilities for a resource",
  "audit:read": "Read and verify the audit log",
  "webhooks:read": "See webhook subscriptions and deliveries",
  "webhooks:write": "Manage webhook subscriptions and deliveries",
  "admin:orgs": "Manage the organization, its members, domains, resources and federation partners",
};

interface Row {
  readonly scope: PlatformScope;
  readonly isHeld: boolean;
}

const columns: readonly Column<Row>[] = [
  { id: "scope", label: "Scope", isHead: true, cell: ({ scope }) => <code>{scope}</code> },
  {
    id: "held",
    label: "This session",
    cell: ({ isHeld }) => <Badge status={isHeld ? "held" : "not held"} tone={isHeld ? "good" : "neutral"} />,
  },
  { id: "meaning", label: "Allows to", cell: ({ scope }) => meanings[scope] },
];

export function Scopes() {
  const session = useSession();
  const rows = (Object.keys(meanings) as PlatformScope[]).map((scope) => ({ scope, isHeld: hasScope(session, scope) }));
  return (
    <Section title="Scopes" lead="An admin can add scopes to the agent. Sign in again to have them.">
      <Table
        caption="Scopes of this session"
        isCaptionHidden
        columns={columns}
        rows={rows}
        keyOf={({ scope }) => scope}
      />
    </Section>
  );
}
