/** The fields of a resource, each with its rule. */
import { type FieldIssue, issueOf } from "../../api/issues.ts";
import { useSession } from "../../session/session.ts";
import { Check, Field } from "../../ui/field.tsx";
import type { Draft } from "./resource-draft.ts";

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (part: Partial<Draft>) => void;
  readonly issues: readonly FieldIssue[];
  /** The identifier never changes. */
  readonly isRegistered: boolean;
}

export function ResourceFields({ draft, onChange, issues, isRegistered }: FieldsProps) {
  const { slug } = useSession().organization;
  const errorOf = (field: string) => issueOf(issues, field);
  return (
    <>
      {!isRegistered && (
        <Field
          name="identifier"
          label="Identifier"
          value={draft.identifier}
          onChange={(identifier) => onChange({ identifier })}
          hint={`The aud of its tokens, for ever: https at or below a verified domain of yours, or urn:agentidp:${slug}:<name>, which needs no domain.`}
          error={errorOf("identifier")}
          autoComplete="off"
          isCode
          required
        />
      )}
      <Field
        name="name"
        label="Name"
        value={draft.name}
        onChange={(name) => onChange({ name })}
        hint="For people."
        error={errorOf("name")}
        autoComplete="off"
        required
      />
      <Field
        name="scopes"
        label="Scopes"
        rows={4}
        value={draft.scopes}
        onChange={(scopes) => onChange({ scopes })}
        hint="One a line: the name, then what it allows. None: any capability of your agents."
        placeholder="resume:read Read resumes"
        error={errorOf("scopes")}
        isCode
      />
      <Field
        name="allowedOrganizations"
        label="Other organizations"
        rows={2}
        value={draft.allowedOrganizations}
        onChange={(allowedOrganizations) => onChange({ allowedOrganizations })}
        hint="One a line: the id of an organization, then the most that its agents' tokens may carry. None: only your agents get tokens."
        error={errorOf("allowedOrganizations")}
        isCode
      />
      <Field
        name="servers"
        label="Servers"
        rows={2}
        value={draft.servers}
        onChange={(servers) => onChange({ servers })}
        hint="The ids of your agents that may introspect its tokens without tokens:read."
        error={errorOf("servers")}
        isCode
      />
      <Field
        name="tokenTtlSeconds"
        label="Longest life of a token, in seconds"
        value={draft.tokenTtlSeconds}
        onChange={(tokenTtlSeconds) => onChange({ tokenTtlSeconds })}
        hint="Empty: the default of the service."
        error={errorOf("tokenTtlSeconds")}
      />
      <Check
        name="requireDpop"
        label="Only tokens that are bound to a key (DPoP, RFC 9449)"
        checked={draft.requireDpop}
        onChange={(requireDpop) => onChange({ requireDpop })}
      />
    </>
  );
}
