/** What can be done with an agent as a whole. Each act says first what ends with it. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { Agent } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { plural } from "../../ui/number.tsx";
import { toast } from "../../ui/toast.tsx";

const send = {
  suspend: (agentId: string) => call("PATCH /agents/{agentId}", { path: { agentId }, body: { status: "suspended" } }),
  reactivate: (agentId: string) => call("PATCH /agents/{agentId}", { path: { agentId }, body: { status: "active" } }),
  decommission: (agentId: string) => call("DELETE /agents/{agentId}", { path: { agentId } }),
  erase: (agentId: string) => call("POST /agents/{agentId}/erase", { path: { agentId } }),
};

type Act = keyof typeof send;

const names: Readonly<Record<Act, { readonly act: string; readonly done: string }>> = {
  suspend: { act: "Suspend", done: "Suspended" },
  reactivate: { act: "Reactivate", done: "Reactivated" },
  decommission: { act: "Decommission", done: "Decommissioned" },
  erase: { act: "Erase", done: "Erased" },
};

const actsOf: Readonly<Record<Agent["status"], readonly Act[]>> = {
  active: ["suspend", "decommission"],
  suspended: ["reactivate", "decommission"],
  decommissioned: ["erase"],
};

/** An erased agent has this e-mail, which no other can have. */
const isErased = ({ agentId, email }: Agent) => email === `erased+${agentId}@invalid`;

export function AgentActs({ agent }: { readonly agent: Agent }) {
  const session = useSession();
  const [asked, setAsked] = useState<Act | null>(null);
  const mayDo = (act: Act) =>
    act === "erase" ? hasScope(session, "admin:orgs") && !isErased(agent) : hasScope(session, "agents:write");
  return (
    <>
      {hasScope(session, "agents:write") && agent.status !== "decommissioned" && (
        <Link to={`/agents/${agent.agentId}/edit`} className="button">
          Edit
        </Link>
      )}
      {actsOf[agent.status].filter(mayDo).map((act) => (
        <Button key={act} look={act === "reactivate" ? "plain" : "danger"} onClick={() => setAsked(act)}>
          {names[act].act}
        </Button>
      ))}
      {asked !== null && <ActDialog agent={agent} act={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

interface ActDialogProps {
  readonly agent: Agent;
  readonly act: Act;
  readonly onClose: () => void;
}

function ActDialog({ agent, act, onClose }: ActDialogProps) {
  const run = useAct<unknown>(() => send[act](agent.agentId), { refresh: ["/agents", "/audit", "/oauth2"] });
  const isFinal = act === "decommission" || act === "erase";
  return (
    <ConfirmDialog
      title={`${names[act].act} ${agent.email}?`}
      act={names[act].act}
      look={act === "reactivate" ? "main" : "danger"}
      {...(isFinal ? { typed: agent.email } : {})}
      isRunning={run.isRunning}
      problem={run.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await run.run();
        if (problem) return;
        onClose();
        toast(`${names[act].done} ${agent.email}.`);
      }}
    >
      {consequences[act](agent)}
      {(act === "suspend" || act === "decommission") && <OwnSession agent={agent} />}
    </ConfirmDialog>
  );
}

const consequences: Readonly<Record<Act, (agent: Agent) => ReactNode>> = {
  suspend: (agent) => (
    <>
      <p>
        All its tokens and sign-ins end at once. <Ends agent={agent} />
      </p>
      <p>It can be reactivated. It signs in anew then: what has ended stays ended.</p>
    </>
  ),
  reactivate: () => <p>It may sign in and get tokens again. Tokens and delegations from before stay revoked.</p>,
  decommission: (agent) => (
    <>
      <p>
        All its tokens, credentials and trust policies end at once, its DID is deactivated, and its key is removed.{" "}
        <Ends agent={agent} />
      </p>
      <p>It no longer counts against the limit. Its record stays for the audit, and its e-mail stays taken.</p>
    </>
  ),
  erase: () => (
    <p>
      Its e-mail and owner are replaced and its description is removed, here and in stored webhook deliveries. A new
      agent may have the e-mail. Its id, its DID and its audit events stay.
    </p>
  ),
};

function OwnSession({ agent }: { readonly agent: Agent }) {
  const session = useSession();
  if (agent.agentId !== session.agent.agentId) return null;
  return (
    <p>
      <strong>You are signed in as this agent: this session ends with it.</strong>
    </p>
  );
}

/** The most that one page counts; above it the text says "100 or more". */
const most = 100;

/** How much ends with an agent, as far as the service counts it: its delegations, given and got. */
function Ends({ agent: { agentId } }: { readonly agent: Agent }) {
  const query = { of: "organization", agentId, status: "active", limit: most } as const;
  const { data } = useQuery(read("GET /oauth2/token/delegations", { query }));
  if (data === undefined) return null;
  const { length } = data.data;
  if (length === 0) return "It has no delegation that is alive.";
  const count = data.nextCursor === null ? plural(length, "delegation") : `${most} delegations or more`;
  return `${count}, given or got, ${length === 1 ? "ends" : "end"} too.`;
}
