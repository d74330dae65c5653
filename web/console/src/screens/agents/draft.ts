/** What the form of an agent holds, and the bodies that it makes of it. */
import type { FieldIssue } from "../../api/issues.ts";
import type {
  Agent,
  AgentType,
  ChangeAgent,
  CreateAgent,
  DeploymentEnv,
  IdTokenAlg,
  PlatformScope,
  PublicKeyJwk,
} from "../../api/schema.ts";

/** `service`: the service makes a key and keeps it. `own`: the agent has one. `keep`: the present one stays */
export type KeyChoice = "service" | "own" | "keep";

export interface Draft {
  readonly email: string;
  readonly agentType: AgentType;
  readonly version: string;
  /** Separated by spaces, line breaks or commas */
  readonly capabilities: string;
  readonly owner: string;
  readonly deploymentEnv: DeploymentEnv;
  readonly description: string;
  readonly grantedScopes: readonly PlatformScope[];
  readonly isPublic: boolean;
  readonly dpopRequired: boolean;
  readonly idTokenSignedResponseAlg: IdTokenAlg;
  readonly key: KeyChoice;
  /** JSON */
  readonly publicKeyJwk: string;
}

export const newDraft: Draft = {
  email: "",
  agentType: "custom",
  version: "1.0.0",
  capabilities: "",
  owner: "",
  deploymentEnv: "development",
  description: "",
  // What the service grants when the list is left out.
  grantedScopes: ["agents:read", "delegations:write"],
  isPublic: false,
  dpopRequired: false,
  idTokenSignedResponseAlg: "RS256",
  key: "service",
  publicKeyJwk: "",
};

export const draftOf = (agent: Agent): Draft => ({
  email: agent.email,
  agentType: agent.agentType,
  version: agent.version,
  capabilities: agent.capabilities.join("\n"),
  owner: agent.owner,
  deploymentEnv: agent.deploymentEnv,
  description: agent.description ?? "",
  grantedScopes: agent.grantedScopes,
  isPublic: agent.isPublic,
  dpopRequired: agent.dpopRequired,
  idTokenSignedResponseAlg: agent.idTokenSignedResponseAlg,
  key: "keep",
  publicKeyJwk: "",
});

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== "");

/** Whether the text of the key is JSON; which members it must have is the service's to say. */
function keyOf(text: string): PublicKeyJwk | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as PublicKeyJwk) : null;
  } catch {
    return null;
  }
}

/** Why the draft cannot be sent at all. */
export function issuesOfDraft({ key, publicKeyJwk }: Draft): readonly FieldIssue[] {
  if (key !== "own" || keyOf(publicKeyJwk) !== null) return [];
  return [{ path: "publicKeyJwk", message: "must be a JSON object" }];
}

/** The fields that registering and changing share. */
function fieldsOf(draft: Draft) {
  const { email, version, owner, deploymentEnv, grantedScopes, isPublic, dpopRequired, idTokenSignedResponseAlg } =
    draft;
  return {
    email: email.trim(),
    version: version.trim(),
    capabilities: listOf(draft.capabilities),
    owner: owner.trim(),
    deploymentEnv,
    description: draft.description === "" ? null : draft.description,
    grantedScopes,
    isPublic,
    dpopRequired,
    idTokenSignedResponseAlg,
  };
}

export function registrationOf(draft: Draft): CreateAgent {
  const key = draft.key === "own" ? keyOf(draft.publicKeyJwk) : null;
  return { ...fieldsOf(draft), agentType: draft.agentType, ...(key === null ? {} : { publicKeyJwk: key }) };
}

export const isSame = (a: unknown, b: unknown) =>
  Array.isArray(a) && Array.isArray(b)
    ? JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())
    : JSON.stringify(a) === JSON.stringify(b);

/** The fields that differ from the record that the form was opened with, and no others. */
export function changesOf(draft: Draft, agent: Agent): ChangeAgent {
  const changed = Object.entries(fieldsOf(draft)).filter(
    ([field, value]) => !isSame(value, agent[field as keyof Agent]),
  );
  const key =
    draft.key === "service"
      ? { publicKeyJwk: null }
      : draft.key === "own"
        ? { publicKeyJwk: keyOf(draft.publicKeyJwk) }
        : {};
  return { ...Object.fromEntries(changed), ...key };
}
