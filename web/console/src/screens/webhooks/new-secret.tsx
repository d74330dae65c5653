/** The secret of a webhook that was just created or whose secret was just rotated. */
import type { ReactNode } from "react";
import type { WebhookWithSecret } from "../../api/schema.ts";
import { SecretDialog } from "../../ui/secret-dialog.tsx";

interface NewSecretProps {
  readonly issued: WebhookWithSecret;
  readonly children?: ReactNode;
  readonly onSaved: () => void;
}

/** A name that every file system takes. */
const fileNameOf = ({ name }: WebhookWithSecret) =>
  `${name.replace(/[^a-z0-9._-]+/gi, "-").slice(0, 60) || "webhook"}.env`;

export function NewSecret({ issued, children, onSaved }: NewSecretProps) {
  return (
    <SecretDialog
      title={`The secret of ${issued.name}`}
      secret={{ label: "Signing secret", value: issued.signingSecret, variable: "WEBHOOK_SECRET" }}
      beside={[{ label: "URL", value: issued.url, variable: "WEBHOOK_URL" }]}
      fileName={fileNameOf(issued)}
      onSaved={onSaved}
    >
      <p>Each delivery is signed with it. The receiver needs it to tell our events from anybody else's.</p>
      {children}
    </SecretDialog>
  );
}
