/** An OIDC issuer of others: a server of its own with its own keys, and the tokens that real platforms give to workloads. */
import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { byPath, json, startStandIn } from "../platform/outbound/_stand-in.ts";

export interface Signing {
  /** Another key than the one that is published under this `kid`. */
  readonly key?: CryptoKey | Uint8Array;
  /** Beside `alg`, `kid` and `typ`, or instead of them; undefined leaves one out. */
  readonly header?: Record<string, unknown>;
}

export interface StandInIssuer {
  readonly issuer: string;
  /** The paths that were asked for, in order. */
  readonly requests: string[];
  /** Signs claims as they are, with `iss` in front. A claim that is undefined is left out. */
  sign(claims: JWTPayload, signing?: Signing): Promise<string>;
  close(): Promise<void>;
}

interface IssuerOptions {
  readonly kid?: string;
  /** The media type that a request for the keys must accept; 406 without it. */
  readonly only?: string;
  /** A part of the path behind which it is an issuer of its own, with the same keys. */
  readonly enterprise?: string;
}

/** Starts an issuer with one key, a discovery document and a key set. */
export async function startIssuer(
  alg: "RS256" | "ES256" = "RS256",
  { kid = randomUUID(), only = "*/*", enterprise = "enterprise" }: IssuerOptions = {},
): Promise<StandInIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const server = await startStandIn(json({}));
  const issuer = server.origin;
  const keys = json({ keys: [{ ...(await exportJWK(publicKey)), kid, alg, use: "sig" }] });
  const metadataOf = (name: string) => json({ issuer: name, jwks_uri: `${issuer}/.well-known/jwks` });
  server.handler = byPath({
    "/.well-known/openid-configuration": metadataOf(issuer),
    [`/${enterprise}/.well-known/openid-configuration`]: metadataOf(`${issuer}/${enterprise}`),
    "/.well-known/jwks": (request, response) => {
      const accepted = request.headers.accept?.split(",").map((type) => type.split(";")[0]?.trim()) ?? [];
      if (accepted.includes(only)) keys(request, response);
      else response.writeHead(406).end();
    },
  });
  return {
    issuer,
    requests: server.requests,
    sign: (claims, { key = privateKey, header = {} } = {}) =>
      new SignJWT({ iss: issuer, ...claims }).setProtectedHeader({ typ: "JWT", alg, kid, ...header }).sign(key),
    close: () => server.close(),
  };
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** The claims of GitHub Actions, for a push to the branch main of acme/resumes. */
export function githubClaims(audience: string, claims: Record<string, unknown> = {}): JWTPayload {
  const now = nowSeconds();
  return {
    jti: randomUUID(),
    sub: "repo:acme/resumes:ref:refs/heads/main",
    aud: audience,
    ref: "refs/heads/main",
    sha: "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15",
    repository: "acme/resumes",
    repository_owner: "acme",
    repository_owner_id: "9919",
    repository_id: "774218503",
    repository_visibility: "private",
    run_id: "9482631570",
    run_number: "118",
    run_attempt: "1",
    runner_environment: "github-hosted",
    actor: "octocat",
    actor_id: "583231",
    workflow: "screen",
    workflow_ref: "acme/resumes/.github/workflows/screen.yml@refs/heads/main",
    workflow_sha: "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15",
    job_workflow_ref: "acme/resumes/.github/workflows/screen.yml@refs/heads/main",
    job_workflow_sha: "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15",
    check_run_id: "51277120443",
    head_ref: "",
    base_ref: "",
    event_name: "push",
    ref_type: "branch",
    ref_protected: "true",
    nbf: now - 600,
    iat: now,
    exp: now + 300,
    ...claims,
  };
}

/** What a run for a pull request of a fork says, in the words of the event. */
export const pullRequest = (fields: Record<string, unknown> = {}) => ({
  sub: "repo:acme/resumes:pull_request",
  event_name: "pull_request",
  ref: "refs/pull/7/merge",
  head_ref: "patch-1",
  base_ref: "main",
  ref_protected: "false",
  ...fields,
});

/** The claims of a projected service account token of Kubernetes: `aud` is always an array. */
export function kubernetesClaims(audience: string, claims: Record<string, unknown> = {}): JWTPayload {
  const now = nowSeconds();
  return {
    aud: [audience],
    exp: now + 600,
    iat: now,
    nbf: now,
    "kubernetes.io": {
      namespace: "screening",
      node: { name: "node-1", uid: "4a5d7b0c-2f3e-4c61-9a57-0e7c6f1b2d84" },
      pod: { name: "screener-6d4cf56db6-x2z9k", uid: "c1f0b8de-7a39-4a26-8d1e-95b27c0e3f61" },
      serviceaccount: { name: "resume-screener", uid: "7be3d0f2-51c8-4e9d-b6a4-2f80c97d1a35" },
    },
    sub: "system:serviceaccount:screening:resume-screener",
    ...claims,
  };
}

/** The claims of a GitLab id_token, for a pipeline of the branch main. */
export function gitlabClaims(audience: string, claims: Record<string, unknown> = {}): JWTPayload {
  const now = nowSeconds();
  return {
    namespace_id: "72",
    namespace_path: "acme",
    project_id: "20",
    project_path: "acme/resumes",
    user_id: "1",
    user_login: "octavia",
    pipeline_id: "574",
    pipeline_source: "push",
    job_id: "302",
    ref: "main",
    ref_type: "branch",
    ref_path: "refs/heads/main",
    ref_protected: "true",
    runner_id: 1,
    runner_environment: "gitlab-hosted",
    sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
    project_visibility: "private",
    jti: randomUUID(),
    iat: now,
    nbf: now - 5,
    exp: now + 3600,
    sub: "project_path:acme/resumes:ref_type:branch:ref:main",
    aud: audience,
    ...claims,
  };
}
