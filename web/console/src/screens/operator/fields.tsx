/** The fields of an organization, each with its rule. */
import { type FieldIssue, issueOf } from "../../api/issues.ts";
import type { PlanTier } from "../../api/schema.ts";
import { Field, Select } from "../../ui/field.tsx";
import type { Draft } from "./draft.ts";

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (part: Partial<Draft>) => void;
  readonly issues: readonly FieldIssue[];
  /** Its slug and its first admin are what they are. */
  readonly isCreated: boolean;
}

const tiers: readonly { readonly value: PlanTier; readonly label: string }[] = [
  { value: "free", label: "Free" },
  { value: "pro", label: "Pro" },
  { value: "enterprise", label: "Enterprise" },
];

export function OrganizationFields({ draft, onChange, issues, isCreated }: FieldsProps) {
  const errorOf = (field: string) => issueOf(issues, field);
  return (
    <>
      <Field
        name="name"
        label="Name"
        value={draft.name}
        onChange={(name) => onChange({ name })}
        error={errorOf("name")}
        autoComplete="off"
        required
      />
      {!isCreated && (
        <>
          <Field
            name="slug"
            label="Slug"
            value={draft.slug}
            onChange={(slug) => onChange({ slug })}
            hint="In the identifiers of its resources and DIDs. It never changes and is never given again."
            error={errorOf("slug")}
            autoComplete="off"
            isCode
            required
          />
          <Field
            name="adminEmail"
            label="E-mail of the first admin"
            type="email"
            value={draft.adminEmail}
            onChange={(adminEmail) => onChange({ adminEmail })}
            hint="An agent. Its secret is shown once, after this."
            error={errorOf("adminEmail")}
            autoComplete="off"
            required
          />
        </>
      )}
      <Select
        name="planTier"
        label="Tier"
        value={draft.planTier}
        onChange={(next) => onChange({ planTier: tiers.find(({ value }) => value === next)?.value ?? "free" })}
        choices={tiers}
        error={errorOf("planTier")}
      />
      <Field
        name="maxAgents"
        label="Most agents"
        value={draft.maxAgents}
        onChange={(maxAgents) => onChange({ maxAgents })}
        hint="Empty: the limit of the tier."
        error={errorOf("maxAgents")}
      />
      <Field
        name="maxTokensPerMonth"
        label="Most tokens in a month"
        value={draft.maxTokensPerMonth}
        onChange={(maxTokensPerMonth) => onChange({ maxTokensPerMonth })}
        hint="Empty: the limit of the tier."
        error={errorOf("maxTokensPerMonth")}
      />
    </>
  );
}
