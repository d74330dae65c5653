/** The agents that have a role in the organization. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { issueOf } from "../../api/issues.ts";
import { read } from "../../api/queries.ts";
import type { Member, MemberRole } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { AgentChoice } from "../../ui/agent-choice.tsx";
import { AgentName, useAgentEmail } from "../../ui/agent-name.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Select } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { shortId } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";

/** Few, because the names of the agents are read one by one. */
const pageSize = 20;
const refresh = { refresh: ["/organizations", "/audit"] };

const meanings: Readonly<Record<MemberRole, string>> = {
  admin: "Manages the organization and may grant everything in it",
  member: "May grant what it has itself",
};

type Asked =
  | { readonly act: "set"; readonly member: Member | null }
  | { readonly act: "remove"; readonly member: Member };

export function Members() {
  const orgId = useSession().organization.organizationId;
  const { cursor } = usePlace();
  const [asked, setAsked] = useState<Asked | null>(null);
  const members = useQuery({
    ...read("GET /organizations/{orgId}/members", { path: { orgId }, query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  const close = () => setAsked(null);
  const add = <Button onClick={() => setAsked({ act: "set", member: null })}>Give a role</Button>;
  return (
    <Section
      title="Members"
      lead="Agents with a role. One without a role gets tokens for what it was granted, and grants nothing itself. At least one active admin stays."
      actions={members.data?.data.length === 0 ? null : add}
    >
      <Loaded query={members} skeleton={<Skeleton lines={6} />}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <Empty title="No members" next={add}>
              No agent of this organization has a role.
            </Empty>
          ) : (
            <>
              <Table
                caption="Members"
                isCaptionHidden
                columns={columnsOf(setAsked)}
                rows={data}
                keyOf={({ agentId }) => agentId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="members" />
            </>
          )
        }
      </Loaded>
      {asked?.act === "set" && <RoleDialog orgId={orgId} member={asked.member} onClose={close} />}
      {asked?.act === "remove" && <RemoveDialog orgId={orgId} member={asked.member} onClose={close} />}
    </Section>
  );
}

const columnsOf = (ask: (asked: Asked) => void): readonly Column<Member>[] => [
  { id: "agent", label: "Agent", isHead: true, cell: ({ agentId }) => <AgentName agentId={agentId} /> },
  {
    id: "role",
    label: "Role",
    cell: ({ role }) => (
      <>
        <strong>{role}</strong> <span className="quiet-text">{meanings[role]}</span>
      </>
    ),
  },
  {
    id: "acts",
    label: "Change",
    isBare: true,
    cell: (member) => (
      <span className="row-acts">
        <Button onClick={() => ask({ act: "set", member })} label={`Change the role of ${shortId(member.agentId)}`}>
          Change
        </Button>
        <Button
          look="danger"
          onClick={() => ask({ act: "remove", member })}
          label={`Remove the role of ${shortId(member.agentId)}`}
        >
          Remove
        </Button>
      </span>
    ),
  },
];

interface RoleProps {
  readonly orgId: string;
  /** null: the agent is to be chosen */
  readonly member: Member | null;
  readonly onClose: () => void;
}

function RoleDialog({ orgId, member, onClose }: RoleProps) {
  const session = useSession();
  const [agentId, setAgentId] = useState(member?.agentId);
  const [role, setRole] = useState<MemberRole>(member?.role ?? "member");
  const set = useAct(
    (body: { agentId: string; role: MemberRole }) =>
      call("POST /organizations/{orgId}/members", { path: { orgId }, body }),
    refresh,
  );
  const losesOwn = agentId === session.agent.agentId && role !== "admin";
  return (
    <Dialog title={member === null ? "Give a role" : "Change the role"} onClose={onClose}>
      <Form
        act="Save"
        isRunning={set.isRunning}
        problem={set.problem}
        onCancel={onClose}
        onSubmit={async () => {
          if (agentId === undefined) return;
          const { problem } = await set.run({ agentId, role });
          if (problem) return;
          onClose();
          toast(`The role is ${role} now.`);
        }}
      >
        {member === null ? (
          <AgentChoice
            name="agentId"
            label="Agent"
            value={agentId}
            onChange={setAgentId}
            error={issueOf(set.problem?.issues ?? [], "agentId")}
            isRequired
          />
        ) : (
          <p>
            <AgentName agentId={member.agentId} />
          </p>
        )}
        <Select
          name="role"
          label="Role"
          value={role}
          onChange={(next) => setRole(next === "admin" ? "admin" : "member")}
          choices={[
            { value: "member", label: "Member" },
            { value: "admin", label: "Admin" },
          ]}
          hint={`${meanings[role]}.`}
        />
        {losesOwn && (
          <p>
            <strong>You are signed in as this agent: this session is no admin's any more.</strong>
          </p>
        )}
      </Form>
    </Dialog>
  );
}

interface RemoveProps extends RoleProps {
  readonly member: Member;
}

function RemoveDialog({ orgId, member: { agentId, role }, onClose }: RemoveProps) {
  const session = useSession();
  const name = useAgentEmail(agentId) ?? shortId(agentId);
  const remove = useAct(
    () => call("DELETE /organizations/{orgId}/members/{agentId}", { path: { orgId, agentId } }),
    refresh,
  );
  return (
    <ConfirmDialog
      title={`Remove the role of ${name}?`}
      act="Remove"
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        onClose();
        toast(`${name} has no role any more.`);
      }}
    >
      <p>
        It is no {role} any more. The agent stays, with its credentials and scopes; what it granted stays too. The last
        active admin keeps its role.
      </p>
      {agentId === session.agent.agentId && (
        <p>
          <strong>You are signed in as this agent.</strong>
        </p>
      )}
    </ConfirmDialog>
  );
}
