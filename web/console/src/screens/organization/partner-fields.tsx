/** The fields of a partner, each with its rule. */
import { type FieldIssue, issueOf } from "../../api/issues.ts";
import { Check, Field } from "../../ui/field.tsx";
import type { Draft } from "./partner-draft.ts";

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (part: Partial<Draft>) => void;
  readonly issues: readonly FieldIssue[];
  /** The issuer never changes. */
  readonly isTrusted: boolean;
}

export function PartnerFields({ draft, onChange, issues, isTrusted }: FieldsProps) {
  const errorOf = (field: string) => issueOf(issues, field);
  return (
    <>
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
      {!isTrusted && (
        <Field
          name="issuer"
          label="Issuer"
          type="url"
          value={draft.issuer}
          onChange={(issuer) => onChange({ issuer })}
          hint="Exactly the iss of its tokens. It never changes."
          error={errorOf("issuer")}
          isCode
          required
        />
      )}
      <Field
        name="jwksUri"
        label="Address of its keys"
        type="url"
        value={draft.jwksUri}
        onChange={(jwksUri) => onChange({ jwksUri })}
        hint="Empty: as its discovery document says."
        error={errorOf("jwksUri")}
        isCode
      />
      <Field
        name="audiences"
        label="Audiences"
        rows={2}
        value={draft.audiences}
        onChange={(audiences) => onChange({ audiences })}
        hint="What aud may be beside your active resources. One a line."
        error={errorOf("audiences")}
        isCode
      />
      <Field
        name="allowedOrganizations"
        label="Its organizations"
        rows={2}
        value={draft.allowedOrganizations}
        onChange={(allowedOrganizations) => onChange({ allowedOrganizations })}
        hint="Only tokens with one of these organization_id are valid. Empty: all."
        error={errorOf("allowedOrganizations")}
        isCode
      />
      <Field
        name="expiresAt"
        label="Trusted until"
        type="datetime-local"
        value={draft.expiresAt}
        onChange={(expiresAt) => onChange({ expiresAt })}
        hint="In your time zone. Empty: without end."
        error={errorOf("expiresAt")}
      />
      <Check
        name="requireScopes"
        label="A token without scopes is not valid"
        checked={draft.requireScopes}
        onChange={(requireScopes) => onChange({ requireScopes })}
      />
    </>
  );
}
