/** What this session may do. A session has the scopes that its agent held when it began. */
import type { PlatformScope } from "../../api/schema.ts";
import { scopeMeanings } from "../../session/scope-meanings.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Section } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";

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
  { id: "meaning", label: "Allows to", cell: ({ scope }) => scopeMeanings[scope] },
];

export function Scopes() {
  const session = useSession();
  const rows = (Object.keys(scopeMeanings) as PlatformScope[]).map((scope) => ({
    scope,
    isHeld: hasScope(session, scope),
  }));
  return (
    <Section
      title="Scopes"
      lead="What this session may do. An admin can add scopes to the agent; sign in again to have them. A session from a link has those of its token at most."
    >
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
