/** What the form of a resource holds, and the bodies that it makes of it. */
import type { FieldIssue } from "../../api/issues.ts";
import type { AllowedOrganization, ChangeResource, CreateResource, Resource, ResourceScope } from "../../api/schema.ts";
import type { Difference } from "../../ui/changed-meanwhile.tsx";

export interface Draft {
  readonly identifier: string;
  readonly name: string;
  /** One a line: the name, then what it allows */
  readonly scopes: string;
  /** One a line: the id of the organization, then the scopes */
  readonly allowedOrganizations: string;
  /** Ids, separated by blanks or line breaks */
  readonly servers: string;
  /** Empty: the default of the service */
  readonly tokenTtlSeconds: string;
  readonly requireDpop: boolean;
}

export const newDraft: Draft = {
  identifier: "",
  name: "",
  scopes: "",
  allowedOrganizations: "",
  servers: "",
  tokenTtlSeconds: "",
  requireDpop: false,
};

export const draftOf = (resource: Resource): Draft => ({
  identifier: resource.identifier,
  name: resource.name,
  scopes: resource.scopes.map(({ name, description }) => `${name} ${description}`).join("\n"),
  allowedOrganizations: (resource.allowedOrganizations ?? [])
    .map(({ organizationId, scopes }) => [organizationId, ...scopes].join(" "))
    .join("\n"),
  servers: (resource.servers ?? []).join("\n"),
  tokenTtlSeconds: resource.tokenTtlSeconds === null ? "" : String(resource.tokenTtlSeconds),
  requireDpop: resource.requireDpop,
});

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== "");

export const scopesOf = (text: string): ResourceScope[] =>
  linesOf(text).map((line) => {
    const [name = "", ...words] = line.split(/\s+/);
    return { name, description: words.join(" ") };
  });

export const allowedOf = (text: string): AllowedOrganization[] =>
  linesOf(text).map((line) => {
    const [organizationId = "", ...scopes] = wordsOf(line);
    return { organizationId, scopes };
  });

/** Said here, before the service says it. */
export function issuesOfDraft({ scopes, tokenTtlSeconds }: Draft): readonly FieldIssue[] {
  const unexplained = scopesOf(scopes).find(({ description }) => description === "");
  return [
    ...(unexplained ? [{ path: "scopes", message: `Say behind ${unexplained.name} what it allows` }] : []),
    ...(/^\d*$/.test(tokenTtlSeconds.trim())
      ? []
      : [{ path: "tokenTtlSeconds", message: "must be a whole number of seconds" }]),
  ];
}

const fieldsOf = (draft: Draft) => ({
  name: draft.name.trim(),
  scopes: scopesOf(draft.scopes),
  allowedOrganizations: allowedOf(draft.allowedOrganizations),
  servers: wordsOf(draft.servers),
  tokenTtlSeconds: draft.tokenTtlSeconds.trim() === "" ? null : Number(draft.tokenTtlSeconds),
  requireDpop: draft.requireDpop,
});

export const resourceOf = (draft: Draft): CreateResource => ({
  identifier: draft.identifier.trim(),
  ...fieldsOf(draft),
});

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** The fields that differ from the record that the form was opened with, and no others. */
export function changesOf(draft: Draft, opened: Resource): ChangeResource {
  const before = fieldsOf(draftOf(opened));
  const changed = Object.entries(fieldsOf(draft)).filter(
    ([field, value]) => !isSame(value, before[field as keyof typeof before]),
  );
  return Object.fromEntries(changed);
}

const labels: Readonly<Record<keyof ReturnType<typeof fieldsOf>, string>> = {
  name: "Name",
  scopes: "Scopes",
  allowedOrganizations: "Other organizations",
  servers: "Servers",
  tokenTtlSeconds: "Lifetime of tokens",
  requireDpop: "DPoP required",
};

/** What was changed here, and what was changed meanwhile by others. */
export function differencesOf(opened: Resource, mine: ChangeResource, newer: Resource): readonly Difference[] {
  const [before, after] = [fieldsOf(draftOf(opened)), fieldsOf(draftOf(newer))];
  const changes: Readonly<Record<string, unknown>> = mine;
  const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return (Object.keys(labels) as (keyof typeof labels)[])
    .filter((field) => !isSame(field in changes ? changes[field] : before[field], after[field]))
    .map((field) => ({
      label: labels[field],
      yours: field in changes ? textOf(changes[field]) : "not changed by you: stays as saved",
      theirs: textOf(after[field]),
    }));
}
