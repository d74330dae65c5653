/** Suspends several agents, one after the other, and says what became of each. */
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { call } from "../../api/client.ts";
import { asProblem } from "../../api/problem.ts";
import type { Agent } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { plural } from "../../ui/number.tsx";

type Result = { readonly status: "running" | "suspended" } | { readonly status: "refused"; readonly message: string };

interface SuspendManyProps {
  readonly agents: readonly Agent[];
  /** With the ids of those that are suspended now */
  readonly onClose: (suspended: ReadonlySet<string>) => void;
}

export function SuspendMany({ agents, onClose }: SuspendManyProps) {
  const client = useQueryClient();
  const { agent: self } = useSession();
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const [state, setState] = useState<"asking" | "running" | "done">("asking");
  const isStopped = useRef(false);
  const set = (agentId: string, result: Result) => setResults((before) => new Map(before).set(agentId, result));

  async function suspend({ agentId }: Agent): Promise<void> {
    set(agentId, { status: "running" });
    try {
      await call("PATCH /agents/{agentId}", { path: { agentId }, body: { status: "suspended" } });
      set(agentId, { status: "suspended" });
    } catch (error) {
      set(agentId, { status: "refused", message: asProblem(error).message });
    }
  }

  async function suspendAll(): Promise<void> {
    setState("running");
    // The session ends with its own agent, and so does this loop.
    for (const agent of agents.toSorted(
      (a, b) => Number(a.agentId === self.agentId) - Number(b.agentId === self.agentId),
    )) {
      // One by one: a refusal of one says nothing of the next, and the rate limit is not hit.
      if (!isStopped.current) await suspend(agent);
    }
    setState("done");
    await client.invalidateQueries({ queryKey: ["/agents"] });
  }

  const suspended = new Set(
    [...results].filter(([, { status }]) => status === "suspended").map(([agentId]) => agentId),
  );
  const refused = [...results.values()].filter(({ status }) => status === "refused").length;
  const close = () => {
    isStopped.current = true;
    onClose(suspended);
  };
  return (
    <Dialog title={`Suspend ${plural(agents.length, "agent")}?`} onClose={close}>
      <div className="dialog-text">
        <p>
          Their tokens, sign-ins and delegations end at once. An agent that is reactivated later signs in anew; its old
          tokens stay revoked.
        </p>
        {agents.some(({ agentId }) => agentId === self.agentId) && (
          <p>
            <strong>You are signed in as one of them: this session ends with it.</strong>
          </p>
        )}
        <ul className="results">
          {agents.map(({ agentId, email }) => (
            <li key={agentId}>
              <bdi className="breaks">{email}</bdi> <Outcome result={results.get(agentId)} />
            </li>
          ))}
        </ul>
        <p role="status">
          {state === "running" && `${suspended.size + refused} of ${agents.length}`}
          {state === "done" &&
            `${suspended.size} suspended, ${refused} refused, ${agents.length - results.size} left as they were.`}
        </p>
      </div>
      <div className="actions end">
        {state !== "done" && <Button onClick={close}>{state === "running" ? "Stop here" : "Cancel"}</Button>}
        {state === "done" ? (
          <Button look="main" onClick={close}>
            Close
          </Button>
        ) : (
          <Button look="danger" isBusy={state === "running"} onClick={() => void suspendAll()}>
            Suspend
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function Outcome({ result }: { readonly result: Result | undefined }) {
  if (result === undefined) return null;
  if (result.status !== "refused") return <Badge status={result.status} />;
  return (
    <>
      <Badge status="refused" tone="bad" /> <span className="breaks">{result.message}</span>
    </>
  );
}
