/** The dialogs of credentials. */
import { useState } from "react";
import { call } from "../../api/client.ts";
import { issueOf } from "../../api/issues.ts";
import type { Agent, Credential, CredentialWithSecret } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field, Select } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { shortId } from "../../ui/id.tsx";
import { toast } from "../../ui/toast.tsx";

interface DialogProps {
  readonly agent: Agent;
  readonly onClose: () => void;
}

interface IssuingProps extends DialogProps {
  readonly onIssued: (credential: CredentialWithSecret) => void;
}

interface OfCredential {
  readonly credential: Credential;
}

const refresh = { refresh: ["/agents", "/audit"] };
const dayMs = 86_400_000;

const lifetimes = [
  { value: "", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "At a time of my own" },
];

export function CreateDialog({ agent, onIssued, onClose }: IssuingProps) {
  const [lifetime, setLifetime] = useState("90");
  const [date, setDate] = useState("");
  // Counted from the opening, so that a second attempt asks for the same credential.
  const [openedAtMs] = useState(() => Date.now());
  const create = useAct(
    (expiresAt: string | undefined, idempotencyKey) =>
      call("POST /agents/{agentId}/credentials", {
        path: { agentId: agent.agentId },
        body: expiresAt === undefined ? {} : { expiresAt },
        idempotencyKey,
      }),
    refresh,
  );
  const endsAt = () => {
    if (lifetime === "") return undefined;
    return new Date(lifetime === "date" ? date : openedAtMs + Number(lifetime) * dayMs).toISOString();
  };
  return (
    <Dialog title="Create a credential" onClose={onClose}>
      <Form
        act="Create"
        isRunning={create.isRunning}
        problem={create.problem}
        onCancel={onClose}
        onSubmit={async () => {
          const { value } = await create.run(endsAt());
          if (value !== undefined) onIssued(value);
        }}
      >
        <Select
          name="lifetime"
          label="It expires"
          value={lifetime}
          onChange={setLifetime}
          choices={lifetimes}
          hint="From then on it signs in no more. Rotate it before: the rotated secret has the same end."
          error={lifetime === "date" ? undefined : issueOf(create.problem?.issues ?? [], "expiresAt")}
        />
        {lifetime === "date" && (
          <Field
            name="expiresAt"
            label="Time"
            type="datetime-local"
            value={date}
            onChange={setDate}
            hint="In your time zone."
            error={issueOf(create.problem?.issues ?? [], "expiresAt")}
            required
          />
        )}
      </Form>
    </Dialog>
  );
}

const overlaps = [
  { value: "0", label: "No overlap: the old secret ends at once" },
  { value: "600", label: "10 minutes" },
  { value: "3600", label: "An hour" },
  { value: "28800", label: "8 hours" },
  { value: "86400", label: "A day" },
];

export function RotateDialog({ agent, credential, onIssued, onClose }: IssuingProps & OfCredential) {
  const { agentId } = agent;
  const { credentialId } = credential;
  const [overlap, setOverlap] = useState("3600");
  const rotate = useAct(
    (overlapSeconds: number, idempotencyKey) =>
      call("POST /agents/{agentId}/credentials/{credentialId}/rotate", {
        path: { agentId, credentialId },
        body: { overlapSeconds },
        idempotencyKey,
      }),
    refresh,
  );
  return (
    <Dialog title={`Rotate credential ${shortId(credentialId)}`} onClose={onClose}>
      <Form
        act="Rotate"
        isRunning={rotate.isRunning}
        problem={rotate.problem}
        onCancel={onClose}
        onSubmit={async () => {
          const { value } = await rotate.run(Number(overlap));
          if (value !== undefined) onIssued(value);
        }}
      >
        <p>
          The credential gets a new secret; its id and its end stay. In the overlap both secrets sign in, so that you
          can replace the old one without a break.
        </p>
        <Select
          name="overlap"
          label="Overlap"
          value={overlap}
          onChange={setOverlap}
          choices={overlaps}
          hint={
            overlap === "0"
              ? "The old secret ends at once, with the tokens that it got and the delegations made with them."
              : "The old secret ends after the overlap. The tokens that it got stay valid until they expire."
          }
        />
        {overlap === "0" && <OwnSession agent={agent} what="was begun with this credential, it ends" />}
      </Form>
    </Dialog>
  );
}

export function RevokeDialog({ agent, credential, onClose }: DialogProps & OfCredential) {
  const { credentialId } = credential;
  const revoke = useAct(
    () =>
      call("DELETE /agents/{agentId}/credentials/{credentialId}", { path: { agentId: agent.agentId, credentialId } }),
    { refresh: ["/agents", "/audit", "/oauth2"] },
  );
  return (
    <ConfirmDialog
      title={`Revoke credential ${shortId(credentialId)}?`}
      act="Revoke"
      typed={credentialId.slice(-6)}
      isRunning={revoke.isRunning}
      problem={revoke.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await revoke.run();
        if (problem) return;
        onClose();
        toast(`Revoked credential ${shortId(credentialId)}.`);
      }}
    >
      <p>All tokens that were issued for it end at once, and the delegations made with them. It signs in no more.</p>
      <OwnSession agent={agent} what="was begun with it, it ends too" />
    </ConfirmDialog>
  );
}

function OwnSession({ agent, what }: { readonly agent: Agent; readonly what: string }) {
  const session = useSession();
  if (agent.agentId !== session.agent.agentId) return null;
  return (
    <p>
      <strong>You are signed in as this agent. If your session {what}.</strong>
    </p>
  );
}
