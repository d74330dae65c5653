/** The client. */
/// <reference lib="esnext.disposable" preserve="true" />
import { Audit } from "./audit.ts";
import { type Answered, Call } from "./call.ts";
import { AccessToken, type AnyCredentials, ClientSecret, None } from "./credentials.ts";
import { Engine } from "./engine.ts";
import { checkedScopes, configError } from "./errors.ts";
import * as generated from "./generated/api.ts";
import type * as models from "./generated/models.ts";
import type { Operation } from "./operation.ts";
import { Credentials, Delegations, Service, Tokens } from "./parts.ts";
import { exposed, Secret } from "./secret.ts";
import { signingIn, TokenEndpoint } from "./token-endpoint.ts";
import { type Token, TokenManager, type Wanted } from "./token-manager.ts";
import { Transport } from "./transport.ts";
import type { CallOptions, ClientOptions } from "./types.ts";
import { baseUrl } from "./url.ts";
import { environment } from "./version.ts";

function environmentCredentials(): AnyCredentials {
  const id = environment("AGENTIDP_CLIENT_ID");
  const secret = environment("AGENTIDP_CLIENT_SECRET");
  if (id && secret) return new ClientSecret(id, secret);
  const missing = [...(id ? [] : ["AGENTIDP_CLIENT_ID"]), ...(secret ? [] : ["AGENTIDP_CLIENT_SECRET"])];
  throw configError(
    `There are no credentials: give some (\`new None()\` for public calls), or set ${missing.join(" and ")}.`,
  );
}

interface Foundation {
  readonly base: string;
  readonly transport: Transport;
  readonly endpoint: TokenEndpoint;
}

function foundation(url: string | undefined, credentials: AnyCredentials, options: ClientOptions): Foundation {
  const canSignIn = typeof Object(credentials).tokenRequest === "function";
  if (!canSignIn && !(credentials instanceof AccessToken || credentials instanceof None))
    throw configError("The credentials are none of the library.");
  checkedScopes(options.scopes);
  const base = baseUrl(url ?? environment("AGENTIDP_API_URL"));
  const transport = new Transport(options);
  return { base, transport, endpoint: new TokenEndpoint(transport, base, options) };
}

/**
 * A token manager without a client, for programs that only need tokens.
 *
 * @example
 * ```ts
 * const tokens = newTokenManager("https://idp.example.com", new ClientSecret(id, secret));
 * const { accessToken } = await tokens.token({ resource: "https://api.example.com" });
 * ```
 */
export function newTokenManager(
  url?: string,
  credentials: AnyCredentials = environmentCredentials(),
  options: ClientOptions = {},
): TokenManager {
  const { transport, endpoint } = foundation(url, credentials, options);
  return new TokenManager({ credentials, endpoint, transport, options });
}

/** What `request` sends. */
export interface RawRequest extends CallOptions {
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Whether it may be repeated; `read` for GET, otherwise `never`. */
  readonly retry?: Operation["retry"] | undefined;
}

/**
 * A client of the service. Nothing is sent before the first call. One client serves the whole program.
 *
 * @example
 * ```ts
 * const client = new AgentIdPClient("https://idp.example.com", new ClientSecret(id, secret));
 * const agent = await client.agents.register({ ... });
 * ```
 */
export class AgentIdPClient {
  readonly #engine: Engine;
  readonly #foundation: Foundation;
  readonly #credentials: AnyCredentials;
  readonly #options: ClientOptions;

  /** The agents of the organization: their records, life cycle and cards. */
  readonly agents: generated.Agents;
  /** Client secrets of agents. */
  readonly credentials: Credentials;
  /** Tokens to hand out, to ask about and to revoke. The client gets those of its own calls by itself. */
  readonly tokens: Tokens;
  /** Authority that one agent lends another. */
  readonly delegations: Delegations;
  /** Tenants and their members. */
  readonly organizations: generated.Organizations;
  /** Which workloads may sign in as an agent with the token of their platform. */
  readonly trustPolicies: generated.TrustPolicies;
  /** Other identity providers whose tokens are accepted. */
  readonly federation: generated.Federation;
  /** The audit log. */
  readonly audit: Audit;
  /** Subscriptions of events. `@sentryagent/idp-sdk/webhooks` verifies what they deliver. */
  readonly webhooks: generated.Webhooks;
  /** Counts of tokens, calls and rotations. */
  readonly analytics: generated.Analytics;
  /** The tiers of the service, and that of the organization. */
  readonly tiers: generated.Tiers;
  /** Usage, and the portal of the payment provider. */
  readonly billing: generated.Billing;
  /** DNS names that the organization has proved to hold. */
  readonly domains: generated.Domains;
  /** APIs that tokens can be for. */
  readonly resources: generated.Resources;
  /** Reports and records for auditors. */
  readonly compliance: generated.Compliance;
  /** Agents that organizations have published. */
  readonly marketplace: generated.Marketplace;
  /** DID documents of agents and of the service. */
  readonly dids: generated.Dids;
  /** The published keys and metadata. */
  readonly discovery: generated.Discovery;
  /** The signing keys of the service. */
  readonly keys: generated.Keys;
  /** Starter projects of agents. */
  readonly scaffold: generated.Scaffold;
  /** Health and metrics. */
  readonly service: Service;

  /**
   * @param url the service; `AGENTIDP_API_URL` unless set. https, unless it is this machine
   * @param credentials `AGENTIDP_CLIENT_ID` and `AGENTIDP_CLIENT_SECRET` unless set
   * @param delegation for `actingFor`, which makes such a client
   * @param parent for `actingFor`: the client that ends this one when it is closed
   * @throws {AgentIdPError} `Config`
   */
  constructor(
    url?: string,
    credentials: AnyCredentials = environmentCredentials(),
    options: ClientOptions = {},
    delegation?: Secret,
    parent?: AgentIdPClient,
  ) {
    const made = foundation(url, credentials, options);
    const { base, transport, endpoint } = made;
    const tokens = new TokenManager({ credentials, endpoint, transport, options, delegation });
    const engine = new Engine(transport, base, tokens, options, parent === undefined ? undefined : parent.#engine);
    this.#foundation = made;
    this.#engine = engine;
    this.#credentials = credentials;
    this.#options = options;
    this.agents = new generated.Agents(engine);
    this.credentials = new Credentials(engine, credentials);
    this.tokens = new Tokens(engine, endpoint, credentials);
    this.delegations = new Delegations(engine);
    this.organizations = new generated.Organizations(engine);
    this.trustPolicies = new generated.TrustPolicies(engine);
    this.federation = new generated.Federation(engine);
    this.audit = new Audit(engine);
    this.webhooks = new generated.Webhooks(engine);
    this.analytics = new generated.Analytics(engine);
    this.tiers = new generated.Tiers(engine);
    this.billing = new generated.Billing(engine);
    this.domains = new generated.Domains(engine);
    this.resources = new generated.Resources(engine);
    this.compliance = new generated.Compliance(engine);
    this.marketplace = new generated.Marketplace(engine);
    this.dids = new generated.Dids(engine);
    this.discovery = new generated.Discovery(engine);
    this.keys = new generated.Keys(engine);
    this.scaffold = new generated.Scaffold(engine);
    this.service = new Service(engine);
  }

  /** A living token to send to an API: for `resource` and `scopes` of the client, unless others are given. */
  accessToken(wanted: Wanted = {}): Promise<Token> {
    return this.#engine.token({ resource: this.#options.resource, ...wanted });
  }

  /** A client that acts by a delegation: its tokens are exchanged for it, and end with it. Closing this client closes it. */
  actingFor(delegationToken: Secret | string): AgentIdPClient {
    signingIn(this.#credentials);
    const { scopes: _, ...options } = this.#options;
    const delegation = new Secret(exposed(delegationToken, "delegationToken"));
    return new AgentIdPClient(this.#foundation.base, this.#credentials, options, delegation, this);
  }

  /**
   * A request that the library has no method for, with its sign-in, retries and errors. The value is the JSON as it came: a secret in
   * it is a plain text.
   *
   * @example
   * ```ts
   * const answer = await client.request("GET", "/api/v1/agents", { query: { limit: 1 } });
   * ```
   */
  request<T = unknown>(
    method: Operation["method"],
    path: string,
    { query, body, retry = method === "GET" ? "read" : "never", ...options }: RawRequest = {},
  ): Call<T> {
    const isPath = path.startsWith("/") && !path.startsWith("//");
    if (!isPath || /[?#{}]|(^|\/)\.\.?(\/|$)/.test(path))
      throw configError("The path must be one of the service, without a query.");
    const operation = { call: "request", method, path, retry, answer: "*", authentication: "optional" } as const;
    return new Call(this.#engine.send(operation, { query, body }, options) as Promise<Answered<T>>);
  }

  /**
   * Ends what is running and forgets the tokens, also of clients by `actingFor`. A download that is being read goes on; its `signal`
   * ends it.
   */
  close(): void {
    this.#engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Creates the operator's organization and its first admin, once. It is no method: there is no client yet.
 *
 * @param setupToken the setting `SETUP_TOKEN` of the service
 */
export function setUp(
  url: string,
  setupToken: Secret | string,
  body: models.SetUp = {},
  { signal, timeoutMs, maxRetries, headers, ...options }: ClientOptions & CallOptions = {},
): Call<models.SetUpResult> {
  const credentials = new None();
  const { base, transport, endpoint } = foundation(url, credentials, options);
  const tokens = new TokenManager({ credentials, endpoint, transport, options });
  const operation = {
    call: "setUp",
    method: "POST",
    path: "/api/v1/setup",
    retry: "never",
    answer: "@SetUpResult",
  } as const;
  const input = { body, authorization: `Bearer ${exposed(setupToken, "setupToken")}` };
  const sent = new Engine(transport, base, tokens, options).send(operation, input, {
    signal,
    timeoutMs,
    maxRetries,
    headers,
  });
  return new Call(sent as Promise<Answered<models.SetUpResult>>);
}
