/** All sessions of this agent; each can be ended. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ListedSession, SessionPage } from "../../api/schema.ts";
import { send } from "../../api/transport.ts";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { plural } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";

const key = "sessions";

const sessionsQuery = queryOptions({
  queryKey: [key],
  queryFn: async ({ signal }): Promise<readonly ListedSession[]> => {
    const { data }: SessionPage = await (await send({ method: "GET", path: "/sessions", signal })).json();
    return data;
  },
});

const endSession = (sessionId: string) =>
  send({ method: "DELETE", path: `/sessions/${encodeURIComponent(sessionId)}` });

export function Sessions() {
  const sessions = useQuery(sessionsQuery);
  return (
    <Section title="Sessions" lead="Ending one takes effect with its next click.">
      <Loaded query={sessions} skeleton={<Skeleton lines={3} />}>
        {(list) => <SessionTable sessions={list} />}
      </Loaded>
    </Section>
  );
}

function SessionTable({ sessions }: { readonly sessions: readonly ListedSession[] }) {
  const [ending, setEnding] = useState<readonly ListedSession[]>([]);
  const others = sessions.filter(({ isCurrent }) => !isCurrent);
  const columns: readonly Column<ListedSession>[] = [
    {
      id: "id",
      label: "Session",
      isHead: true,
      cell: ({ sessionId, isCurrent }) => (
        <>
          <Id value={sessionId} label="session id" /> {isCurrent && <Badge status="this one" tone="good" />}
        </>
      ),
    },
    { id: "used", label: "Last used", cell: ({ lastUsedAt }) => <Time value={lastUsedAt} look="relative" /> },
    { id: "began", label: "Began", cell: ({ createdAt }) => <Time value={createdAt} /> },
    { id: "ip", label: "Address", cell: ({ ip }) => ip },
    { id: "agent", label: "Browser", cell: ({ userAgent }) => <span className="quiet-text">{userAgent}</span> },
    {
      id: "end",
      label: "End",
      isBare: true,
      cell: (session) =>
        session.isCurrent ? null : (
          <Button onClick={() => setEnding([session])} label={`End session ${session.sessionId.slice(-6)}`}>
            End
          </Button>
        ),
    },
  ];
  return (
    <>
      <Table
        caption="Sessions of this agent"
        isCaptionHidden
        columns={columns}
        rows={sessions}
        keyOf={({ sessionId }) => sessionId}
      />
      {others.length > 1 && (
        <p className="actions after-table">
          <Button look="danger" onClick={() => setEnding(others)}>
            End all others
          </Button>
        </p>
      )}
      {ending.length > 0 && <EndDialog sessions={ending} onClose={() => setEnding([])} />}
    </>
  );
}

interface EndDialogProps {
  readonly sessions: readonly ListedSession[];
  readonly onClose: () => void;
}

function EndDialog({ sessions, onClose }: EndDialogProps) {
  const end = useAct(() => Promise.all(sessions.map(({ sessionId }) => endSession(sessionId))), { refresh: [key] });
  const what = plural(sessions.length, "session");
  return (
    <ConfirmDialog
      title={`End ${what}?`}
      act="End"
      isRunning={end.isRunning}
      problem={end.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await end.run();
        if (problem) return;
        onClose();
        toast(`Ended ${what}.`);
      }}
    >
      <p>
        {sessions.length === 1 ? "Its browser goes to the sign-in" : "Their browsers go to the sign-in"} with the next
        click.
      </p>
    </ConfirmDialog>
  );
}
