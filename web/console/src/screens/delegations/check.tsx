/** What a delegation token is worth at this moment. The token is in the field and in the request, and nowhere else. */
import { useState } from "react";
import { call } from "../../api/client.ts";
import { issueOf } from "../../api/issues.ts";
import type { DelegationVerification } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { AgentName } from "../../ui/agent-name.tsx";
import { Button } from "../../ui/button.tsx";
import { Lent, RevokeDelegation, useMayRevoke } from "../../ui/delegations.tsx";
import { DefinitionList, type Fact } from "../../ui/details.tsx";
import { Field } from "../../ui/field.tsx";
import { Form } from "../../ui/form.tsx";
import { Id } from "../../ui/id.tsx";
import { Page } from "../../ui/page.tsx";
import { Time } from "../../ui/time.tsx";
import "./delegations.css";
import { verdictOf } from "./verdict.ts";

export function Screen() {
  const [token, setToken] = useState("");
  const [result, setResult] = useState<DelegationVerification | null>(null);
  const check = useAct((delegationToken: string) =>
    call("POST /oauth2/token/verify-delegation", { body: { delegationToken } }),
  );
  const submit = async () => setResult((await check.run(token.trim())).value ?? null);
  return (
    <Page
      title="Check a delegation token"
      crumbs={[{ to: "/delegations", label: "Delegations" }]}
      lead="Whether it is valid, who lends what to whom, and until when. The token is sent to the service and kept nowhere."
    >
      <Form act="Check" isRunning={check.isRunning} problem={check.problem} onSubmit={() => void submit()}>
        <Field
          name="token"
          label="Delegation token"
          value={token}
          onChange={(text) => {
            setToken(text);
            setResult(null);
          }}
          placeholder="sa_del_…"
          error={issueOf(check.problem?.issues ?? [], "delegationToken")}
          rows={4}
          autoComplete="off"
          spellCheck={false}
          isCode
          required
        />
      </Form>
      {result !== null && <Result result={result} onRevoked={() => void submit()} />}
    </Page>
  );
}

interface ResultProps {
  readonly result: DelegationVerification;
  readonly onRevoked: () => void;
}

function Result({ result, onRevoked }: ResultProps) {
  const [isAsked, setAsked] = useState(false);
  const mayRevoke = useMayRevoke();
  const { chainId, delegatorAgentId, delegateeAgentId, scopes = [], resource, issuedAt, expiresAt, revokedAt } = result;
  if (chainId === undefined || delegatorAgentId === undefined || delegateeAgentId === undefined) {
    return (
      <div className="state bad" role="status">
        <h2>Not a delegation of your organization</h2>
        <p>Its signature is not ours, it was changed, or it belongs to another organization.</p>
      </div>
    );
  }
  const verdict = verdictOf(result, new Date());
  const facts: readonly (Fact | null)[] = [
    { label: "From", value: <AgentName agentId={delegatorAgentId} /> },
    { label: "To", value: <AgentName agentId={delegateeAgentId} /> },
    { label: "Scopes", value: <Lent scopes={scopes} {...(resource === undefined ? {} : { resource })} /> },
    { label: "Lent", value: <Time value={issuedAt ?? null} look="both" /> },
    { label: "Expires", value: <Time value={expiresAt ?? null} look="both" /> },
    revokedAt ? { label: "Ended", value: <Time value={revokedAt} look="both" /> } : null,
    { label: "Delegation id", value: <Id value={chainId} label="delegation id" /> },
  ];
  return (
    <>
      <div className={result.valid ? "state good" : "state warn"} role="status">
        <h2>{verdict.title}</h2>
        <p>{verdict.reason}</p>
      </div>
      <DefinitionList facts={facts.filter((fact) => fact !== null)} />
      {result.valid && mayRevoke({ delegatorAgentId }) && (
        <p className="actions">
          <Button look="danger" onClick={() => setAsked(true)}>
            Revoke it
          </Button>
        </p>
      )}
      {isAsked && (
        <RevokeDelegation
          chainId={chainId}
          onClose={() => {
            setAsked(false);
            onRevoked();
          }}
        />
      )}
    </>
  );
}
