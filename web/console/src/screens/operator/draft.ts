/** What the forms of an organization hold, and the bodies that they make of it. */
import type { FieldIssue } from "../../api/issues.ts";
import type { ChangeOrganization, CreateOrganization, Organization, PlanTier } from "../../api/schema.ts";

export interface Draft {
  readonly name: string;
  readonly slug: string;
  readonly adminEmail: string;
  readonly planTier: PlanTier;
  /** Empty: the limit of the tier */
  readonly maxAgents: string;
  readonly maxTokensPerMonth: string;
}

export const newDraft: Draft = {
  name: "",
  slug: "",
  adminEmail: "",
  planTier: "free",
  maxAgents: "",
  maxTokensPerMonth: "",
};

const textOf = (limit: number | null) => (limit === null ? "" : String(limit));
const limitOf = (text: string) => (text.trim() === "" ? null : Number(text));

export const draftOf = ({ name, slug, planTier, maxAgents, maxTokensPerMonth }: Organization): Draft => ({
  ...newDraft,
  name,
  slug,
  planTier,
  maxAgents: textOf(maxAgents),
  maxTokensPerMonth: textOf(maxTokensPerMonth),
});

/** Said here, before the service says it. */
export const issuesOfDraft = (draft: Draft): readonly FieldIssue[] =>
  (["maxAgents", "maxTokensPerMonth"] as const)
    .filter((field) => !/^\d*$/.test(draft[field].trim()))
    .map((path) => ({ path, message: "must be a whole number, or empty" }));

const fieldsOf = ({ name, planTier, maxAgents, maxTokensPerMonth }: Draft) => ({
  name: name.trim(),
  planTier,
  maxAgents: limitOf(maxAgents),
  maxTokensPerMonth: limitOf(maxTokensPerMonth),
});

export const organizationOf = (draft: Draft): CreateOrganization => ({
  ...fieldsOf(draft),
  slug: draft.slug.trim(),
  adminEmail: draft.adminEmail.trim(),
});

/** The fields that differ from the record that the form was opened with, and no others. */
export function changesOf(draft: Draft, opened: Organization): ChangeOrganization {
  const before = fieldsOf(draftOf(opened));
  const changed = Object.entries(fieldsOf(draft)).filter(
    ([field, value]) => value !== before[field as keyof typeof before],
  );
  return Object.fromEntries(changed);
}
