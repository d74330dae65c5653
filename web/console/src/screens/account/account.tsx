/** The sessions of the agent that is signed in, and what this one may do. */

import { useSession } from "../../session/session.ts";
import { DefinitionList } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Page } from "../../ui/page.tsx";
import { Time } from "../../ui/time.tsx";
import { Scopes } from "./scopes.tsx";
import { Sessions } from "./sessions.tsx";

export function Screen() {
  const { agent, organization, role, expiresAt } = useSession();
  return (
    <Page title="Account" lead="The sessions of the agent that you are signed in as, and what this session may do.">
      <DefinitionList
        facts={[
          { label: "Agent", value: agent.email },
          { label: "Agent id", value: <Id value={agent.agentId} label="agent id" /> },
          { label: "Organization", value: organization.name },
          { label: "Role", value: role ?? "none: this agent may not manage the organization" },
          { label: "This session ends", value: <Time value={expiresAt} look="both" /> },
        ]}
      />
      <Sessions />
      <Scopes />
    </Page>
  );
}
