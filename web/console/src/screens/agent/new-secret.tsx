/** The secret of a credential that was just created or rotated. */
import type { Agent, CredentialWithSecret } from "../../api/schema.ts";
import { SecretDialog } from "../../ui/secret-dialog.tsx";

interface NewSecretProps {
  readonly agent: Agent;
  readonly issued: CredentialWithSecret;
  readonly onSaved: () => void;
}

/** A name that every file system takes. */
const fileNameOf = ({ email }: Agent) => `${email.split("@")[0]?.replace(/[^a-z0-9._-]+/gi, "-") || "agent"}.env`;

export function NewSecret({ agent, issued, onSaved }: NewSecretProps) {
  return (
    <SecretDialog
      title={`The secret of ${agent.email}`}
      secret={{ label: "Client secret", value: issued.clientSecret, variable: "AGENTIDP_CLIENT_SECRET" }}
      beside={[
        { label: "Service", value: window.location.origin, variable: "AGENTIDP_API_URL" },
        { label: "Client id", value: issued.clientId, variable: "AGENTIDP_CLIENT_ID" },
      ]}
      fileName={fileNameOf(agent)}
      onSaved={onSaved}
    >
      <p>The agent signs in with the id and the secret. Put it where your deployment keeps secrets.</p>
    </SecretDialog>
  );
}
