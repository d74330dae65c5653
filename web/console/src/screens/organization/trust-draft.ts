/** What the form of a trust policy holds, and the body that it makes of it. */
import type { FieldIssue } from "../../api/issues.ts";
import type { CreateTrustPolicy, TrustProvider } from "../../api/schema.ts";

/** What narrows the runs of a repository */
export type Narrow = "branch" | "tag" | "ref" | "environment" | "jobWorkflowRef" | "anyRef";

export interface Draft {
  readonly provider: TrustProvider;
  readonly agentId: string | undefined;
  readonly repository: string;
  readonly narrow: Narrow;
  /** Of `narrow`; nothing for `anyRef` */
  readonly value: string;
  /** Beside a branch, a tag or a ref */
  readonly environment: string;
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** One a line: name=value */
  readonly claims: string;
}

export const newDraft: Draft = {
  provider: "github",
  agentId: undefined,
  repository: "",
  narrow: "branch",
  value: "main",
  environment: "",
  issuer: "",
  audience: "",
  jwksUri: "",
  claims: "",
};

/** A number, `true` and `false` are what they are; in quotes a text, and everything else a text too. */
function claimValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return ["string", "number", "boolean"].includes(typeof value) ? value : text;
  } catch {
    return text;
  }
}

/** The claims of lines `name=value`; null for a line that is none, with the line. */
export function claimsOfLines(text: string): { readonly claims: Record<string, unknown>; readonly wrong?: string } {
  const claims: Record<string, unknown> = Object.create(null);
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") continue;
    const at = line.indexOf("=");
    if (at < 1) return { claims, wrong: line };
    claims[line.slice(0, at).trim()] = claimValue(line.slice(at + 1).trim());
  }
  return { claims: { ...claims } };
}

/** Said here, before the service says it. */
export function issuesOfDraft(draft: Draft): readonly FieldIssue[] {
  const { wrong } = draft.provider === "oidc" ? claimsOfLines(draft.claims) : {};
  return [
    ...(draft.agentId === undefined ? [{ path: "agentId", message: "Choose an agent" }] : []),
    ...(wrong === undefined ? [] : [{ path: "claims", message: `${wrong}: must be name=value` }]),
  ];
}

export function policyOf(draft: Draft): CreateTrustPolicy {
  const { provider, agentId = "", narrow } = draft;
  if (provider === "oidc") {
    return {
      provider,
      agentId,
      issuer: draft.issuer.trim(),
      audience: draft.audience.trim(),
      claims: claimsOfLines(draft.claims).claims,
      ...(draft.jwksUri.trim() === "" ? {} : { jwksUri: draft.jwksUri.trim() }),
    };
  }
  const isRef = narrow === "branch" || narrow === "tag" || narrow === "ref";
  return {
    provider,
    agentId,
    repository: draft.repository.trim(),
    ...(narrow === "anyRef" ? { anyRef: true } : { [narrow]: draft.value.trim() }),
    ...(isRef && draft.environment.trim() !== "" ? { environment: draft.environment.trim() } : {}),
  };
}
