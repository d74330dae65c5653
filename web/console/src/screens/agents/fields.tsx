/** The fields of an agent, each with its rule beside it. */
import type { ReactNode } from "react";
import type { FieldIssue } from "../../api/issues.ts";
import { issueOf } from "../../api/issues.ts";
import type { AgentType, DeploymentEnv, IdTokenAlg, PlatformScope } from "../../api/schema.ts";
import { scopeMeanings } from "../../session/scope-meanings.ts";
import { Check, Checks, Field, Select } from "../../ui/field.tsx";
import type { Draft, KeyChoice } from "./draft.ts";
import { agentTypes, choicesOf, environments } from "./terms.ts";

export interface AgentFieldsProps {
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
  readonly issues: readonly FieldIssue[];
  readonly scopes: readonly PlatformScope[];
  readonly capabilitiesNote: ReactNode;
  /** Of an agent that is registered, the type stays and the key may stay. */
  readonly isRegistered: boolean;
}

export function AgentFields(props: AgentFieldsProps) {
  const { draft, onChange, issues } = props;
  const errorOf = (field: string) => issueOf(issues, field);
  return (
    <>
      <Field
        name="email"
        label="E-mail"
        type="email"
        maxLength={254}
        autoComplete="off"
        value={draft.email}
        onChange={(email) => onChange({ email })}
        hint="The agent's name for people. Unique in the organization, decommissioned agents included. Kept in lower case."
        error={errorOf("email")}
        required
      />
      {!props.isRegistered && (
        <Select
          name="agentType"
          label="Type"
          value={draft.agentType}
          onChange={(agentType) => onChange({ agentType: agentType as AgentType })}
          choices={choicesOf(agentTypes)}
          hint="What it does. It is in its tokens, and never changes."
          error={errorOf("agentType")}
        />
      )}
      <Field
        name="version"
        label="Version"
        maxLength={64}
        autoComplete="off"
        value={draft.version}
        onChange={(version) => onChange({ version })}
        hint="A semantic version: 1.4.0, 2.0.0-beta.1"
        error={errorOf("version")}
        required
      />
      <Field
        name="owner"
        label="Owner"
        maxLength={128}
        autoComplete="off"
        value={draft.owner}
        onChange={(owner) => onChange({ owner })}
        hint="The team or person that answers for the agent. 1 to 128 characters."
        error={errorOf("owner")}
        required
      />
      <Select
        name="deploymentEnv"
        label="Environment"
        value={draft.deploymentEnv}
        onChange={(deploymentEnv) => onChange({ deploymentEnv: deploymentEnv as DeploymentEnv })}
        choices={choicesOf(environments)}
        error={errorOf("deploymentEnv")}
      />
      <Field
        name="capabilities"
        label="Capabilities"
        rows={3}
        isCode
        spellCheck={false}
        value={draft.capabilities}
        onChange={(capabilities) => onChange({ capabilities })}
        hint={
          <>
            What it may do at your APIs, as <code>resource:action</code>: resume:read, mail:*. One a line, 1 to 64,
            lower case. They become scopes of tokens for a resource. {props.capabilitiesNote}
          </>
        }
        error={errorOf("capabilities")}
        required
      />
      <Checks
        name="grantedScopes"
        label="Scopes"
        values={draft.grantedScopes}
        onChange={(scopes) => onChange({ grantedScopes: scopes as readonly PlatformScope[] })}
        choices={props.scopes.map((scope) => ({
          value: scope,
          label: scope,
          hint:
            scope === "admin:orgs"
              ? `${scopeMeanings[scope]}. Only for an agent of the role admin`
              : scopeMeanings[scope],
        }))}
        hint="What it may do at this service. Only those that you may grant are here."
        error={errorOf("grantedScopes")}
      />
      <Field
        name="description"
        label="Description"
        rows={3}
        maxLength={1000}
        value={draft.description}
        onChange={(description) => onChange({ description })}
        hint="Up to 1,000 characters."
        error={errorOf("description")}
      />
      <details className="more">
        <summary>Keys, tokens and the public list</summary>
        <MoreFields {...props} />
      </details>
    </>
  );
}

const keyChoices: readonly { readonly value: KeyChoice; readonly label: string }[] = [
  { value: "keep", label: "Keep the present key" },
  { value: "service", label: "The service makes a key and keeps it sealed" },
  { value: "own", label: "The agent has its own: its public part" },
];

function MoreFields({ draft, onChange, issues, isRegistered }: AgentFieldsProps) {
  const keyIssue = issueOf(issues, "publicKeyJwk");
  return (
    <div className="more-fields">
      <Select
        name="key"
        label="Signing key"
        value={draft.key}
        onChange={(key) => onChange({ key: key as KeyChoice })}
        choices={keyChoices.filter(({ value }) => isRegistered || value !== "keep")}
        hint={
          isRegistered
            ? "A new key replaces the present one, which signs in no more."
            : "With its own key, an agent signs in by private_key_jwt and needs no secret."
        }
        error={draft.key === "own" ? undefined : keyIssue}
      />
      {draft.key === "own" && (
        <Field
          name="publicKeyJwk"
          label="Public key (JWK)"
          rows={5}
          isCode
          spellCheck={false}
          value={draft.publicKeyJwk}
          onChange={(publicKeyJwk) => onChange({ publicKeyJwk })}
          hint="EC P-256, Ed25519, or RSA of 2048 bits or more. Without its private part."
          error={keyIssue}
          required
        />
      )}
      <Select
        name="idTokenSignedResponseAlg"
        label="Algorithm of its id_tokens"
        value={draft.idTokenSignedResponseAlg}
        onChange={(alg) => onChange({ idTokenSignedResponseAlg: alg as IdTokenAlg })}
        choices={[
          { value: "RS256", label: "RS256, which every library reads" },
          { value: "ES256", label: "ES256, which is shorter" },
        ]}
        error={issueOf(issues, "idTokenSignedResponseAlg")}
      />
      <Check
        name="dpopRequired"
        label="Every token is bound to a key (DPoP)"
        hint="A stolen token is of no use without the key. The agent must send a proof with each request."
        checked={draft.dpopRequired}
        onChange={(dpopRequired) => onChange({ dpopRequired })}
      />
      <Check
        name="isPublic"
        label="List it in the marketplace"
        hint="Everyone can read its name, type, version and capabilities."
        checked={draft.isPublic}
        onChange={(isPublic) => onChange({ isPublic })}
      />
    </div>
  );
}
