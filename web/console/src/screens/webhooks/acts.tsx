/** What can be done with a webhook as a whole. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { Webhook, WebhookDelivery, WebhookWithSecret } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { toast } from "../../ui/toast.tsx";
import { NewSecret } from "./new-secret.tsx";
import { Outcome } from "./outcome.tsx";

type Asked = "test" | "pause" | "rotate" | "delete";

const refresh = { refresh: ["/webhooks", "/audit"] };

export function WebhookActs({ webhook }: { readonly webhook: Webhook }) {
  const session = useSession();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [issued, setIssued] = useState<WebhookWithSecret | null>(null);
  const resume = useChange(webhook, true);
  if (!hasScope(session, "webhooks:write")) return null;
  const close = () => setAsked(null);
  return (
    <>
      <Button onClick={() => setAsked("test")}>Send a test</Button>
      <Link to={`/webhooks/${webhook.id}/edit`} className="button">
        Edit
      </Link>
      <Button onClick={() => setAsked("rotate")}>Rotate the secret</Button>
      {webhook.active ? (
        <Button onClick={() => setAsked("pause")}>Pause</Button>
      ) : (
        <Button
          look="main"
          isBusy={resume.isRunning}
          onClick={async () => {
            const { problem } = await resume.run();
            toast(problem ? `It was not resumed. ${problem.message}` : `Resumed ${webhook.name}.`);
          }}
        >
          Resume
        </Button>
      )}
      <Button look="danger" onClick={() => setAsked("delete")}>
        Delete
      </Button>
      {asked === "test" && <TestDialog webhook={webhook} onClose={close} />}
      {asked === "pause" && <PauseDialog webhook={webhook} onClose={close} />}
      {asked === "rotate" && (
        <RotateDialog
          webhook={webhook}
          onClose={close}
          onIssued={(value) => {
            close();
            setIssued(value);
          }}
        />
      )}
      {asked === "delete" && <DeleteDialog webhook={webhook} onClose={close} />}
      {issued !== null && (
        <NewSecret issued={issued} onSaved={() => setIssued(null)}>
          <p>The old secret stays valid for 24 hours: until then each delivery has a signature with both.</p>
        </NewSecret>
      )}
    </>
  );
}

interface DialogProps {
  readonly webhook: Webhook;
  readonly onClose: () => void;
}

const useChange = ({ id }: Webhook, active: boolean) =>
  useAct(() => call("PATCH /webhooks/{webhookId}", { path: { webhookId: id }, body: { active } }), refresh);

function PauseDialog({ webhook, onClose }: DialogProps) {
  const pause = useChange(webhook, false);
  return (
    <ConfirmDialog
      title={`Pause ${webhook.name}?`}
      act="Pause"
      isRunning={pause.isRunning}
      problem={pause.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await pause.run();
        if (problem) return;
        onClose();
        toast(`Paused ${webhook.name}.`);
      }}
    >
      <p>
        It gets no delivery of what happens from now on, not later either. Deliveries from before wait until it is
        resumed.
      </p>
    </ConfirmDialog>
  );
}

function RotateDialog({ webhook, onClose, onIssued }: DialogProps & { onIssued: (value: WebhookWithSecret) => void }) {
  const rotate = useAct(
    (_: undefined, idempotencyKey) =>
      call("POST /webhooks/{webhookId}/rotate-secret", { path: { webhookId: webhook.id }, idempotencyKey }),
    refresh,
  );
  return (
    <ConfirmDialog
      title={`Rotate the secret of ${webhook.name}?`}
      act="Rotate"
      look="main"
      isRunning={rotate.isRunning}
      problem={rotate.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { value } = await rotate.run(undefined);
        if (value !== undefined) onIssued(value);
      }}
    >
      <p>It gets a new secret. The old one stays valid for 24 hours, so that you can replace it without a break.</p>
    </ConfirmDialog>
  );
}

function DeleteDialog({ webhook, onClose }: DialogProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useAct(() => call("DELETE /webhooks/{webhookId}", { path: { webhookId: webhook.id } }), {
    refresh: ["/audit"],
  });
  return (
    <ConfirmDialog
      title={`Delete ${webhook.name}?`}
      act="Delete"
      typed={webhook.name}
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        toast(`Deleted ${webhook.name}.`);
        await navigate({ to: "/webhooks" as never });
        // Only then: this screen would read what is no more.
        await queries.invalidateQueries({ queryKey: ["/webhooks"] });
      }}
    >
      <p>
        Its secrets and its deliveries are deleted with it. What waits is not sent any more, also what is on its way to
        a next attempt.
      </p>
    </ConfirmDialog>
  );
}

function TestDialog({ webhook, onClose }: DialogProps) {
  const [outcome, setOutcome] = useState<WebhookDelivery | null>(null);
  const test = useAct(() => call("POST /webhooks/{webhookId}/test", { path: { webhookId: webhook.id } }), refresh);
  const send = async () => setOutcome((await test.run()).value ?? null);
  if (outcome === null) {
    return (
      <ConfirmDialog
        title={`Send a test to ${webhook.name}?`}
        act="Send"
        look="main"
        isRunning={test.isRunning}
        problem={test.problem}
        onClose={onClose}
        onConfirm={() => void send()}
      >
        <p>
          The event <code>webhook.test</code> is sent once, at once, also to a webhook that is not active. The answer is
          here within 10 seconds.
        </p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={outcome.status === "delivered" ? "The test was delivered" : "The test failed"} onClose={onClose}>
      <Outcome delivery={outcome} />
      <div className="actions end">
        <Link to={`/webhooks/${webhook.id}/deliveries/${outcome.id}`} className="button">
          See the delivery
        </Link>
        <Button isBusy={test.isRunning} onClick={() => void send()}>
          Send another
        </Button>
        <Button look="main" onClick={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}
