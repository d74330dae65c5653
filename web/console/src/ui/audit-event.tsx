/** What lists of audit events share. */
import { Fragment } from "react";
import type { AuditEvent } from "../api/schema.ts";

/** The name of an event; a long one breaks after a dot or an underscore. */
export function ActionName({ action }: { readonly action: string }) {
  const parts = action.split(/(?<=[._])/);
  return (
    <code>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name never change their order.
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </code>
  );
}

/** Who caused an event, where it has no agent of its own to name: none is known, or it is the one that the event is about. */
export function actorText({ agentId, actor, outcome }: Pick<AuditEvent, "agentId" | "actor" | "outcome">) {
  if (actor.agentId === null) return outcome === "failure" ? "not authenticated" : "the service";
  return actor.agentId === agentId ? "itself" : null;
}
