/** What the form of a delegation holds, and the body that it makes of it. */
import type { FieldIssue } from "../../api/issues.ts";
import type { CreateDelegation, PlatformScope } from "../../api/schema.ts";
import { scopeMeanings } from "../../session/scope-meanings.ts";

export interface Draft {
  readonly delegatee: string | undefined;
  readonly what: "platform" | "resource";
  readonly scopes: readonly PlatformScope[];
  readonly resource: string;
  /** Separated by blanks or commas */
  readonly capabilities: string;
  /** Seconds */
  readonly lifetime: string;
}

export const newDraft: Draft = {
  delegatee: undefined,
  what: "platform",
  scopes: [],
  resource: "",
  capabilities: "",
  lifetime: "3600",
};

/** A minute to a day, which is the rule of the API. */
export const lifetimes = [
  { value: "300", label: "5 minutes" },
  { value: "900", label: "15 minutes" },
  { value: "3600", label: "An hour" },
  { value: "28800", label: "8 hours" },
  { value: "86400", label: "A day" },
] as const;

/** The scopes of a session that can be lent: rights over an organization, and lending itself, stay with their holder. */
export const lendable = (held: readonly string[]): readonly PlatformScope[] =>
  (Object.keys(scopeMeanings) as PlatformScope[]).filter(
    (scope) => held.includes(scope) && scope !== "admin:orgs" && scope !== "delegations:write",
  );

const wordsOf = (text: string) => text.split(/[\s,]+/).filter((word) => word !== "");

const scopesOf = ({ what, scopes, capabilities }: Draft): readonly string[] =>
  what === "platform" ? scopes : wordsOf(capabilities);

/** Said here, before the service says it. */
export function issuesOfDraft(draft: Draft): readonly FieldIssue[] {
  return [
    ...(draft.delegatee === undefined ? [{ path: "delegateeAgentId", message: "Choose an agent" }] : []),
    ...(scopesOf(draft).length === 0 ? [{ path: "scopes", message: "Choose at least one scope" }] : []),
  ];
}

export const delegationOf = (draft: Draft): CreateDelegation => ({
  delegateeAgentId: draft.delegatee ?? "",
  scopes: scopesOf(draft),
  ...(draft.what === "resource" ? { resource: draft.resource.trim() } : {}),
  ttlSeconds: Number(draft.lifetime),
});
