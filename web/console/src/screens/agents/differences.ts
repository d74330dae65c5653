/** What two versions of an agent's record differ in. */
import type { Agent, ChangeAgent } from "../../api/schema.ts";
import type { Difference } from "../../ui/changed-meanwhile.tsx";
import { isSame } from "./draft.ts";

const labels: Readonly<Partial<Record<keyof Agent, string>>> = {
  email: "E-mail",
  version: "Version",
  capabilities: "Capabilities",
  owner: "Owner",
  deploymentEnv: "Environment",
  description: "Description",
  grantedScopes: "Scopes",
  isPublic: "In the marketplace",
  dpopRequired: "DPoP required",
  idTokenSignedResponseAlg: "Algorithm of id_tokens",
  publicKeyJwk: "Key",
  status: "Status",
};

/** What was changed here, and what was changed meanwhile by others. Saving again sends the former and leaves the latter. */
export function differencesOf(opened: Agent, mine: ChangeAgent, newer: Agent): readonly Difference[] {
  const changes: Readonly<Record<string, unknown>> = mine;
  return (Object.keys(labels) as (keyof Agent)[])
    .filter((field) =>
      field in changes ? !isSame(changes[field], newer[field]) : !isSame(opened[field], newer[field]),
    )
    .map((field) => ({
      label: labels[field] ?? field,
      yours: field in changes ? textOf(changes[field]) : "not changed by you: stays as saved",
      theirs: textOf(newer[field]),
    }));
}

/** A field's value as the comparison of two versions shows it. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
