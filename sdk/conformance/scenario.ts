/** What a file of `scenarios/` has. Every client library runs each of them, by a runner in its own test framework. */

/** What the proxy does in place of passing a request on. */
export type FaultAction =
  /** Answers by itself; the service gets nothing. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  /** The service gets the request; the connection breaks before its answer is passed on. */
  | "reset"
  /** The connection breaks in the middle of the answer's body. */
  | "truncate"
  /** Passes the request on after this time. */
  | { readonly delayMs: number };

export interface Fault {
  readonly when: {
    readonly method: string;
    /** A path; `*` stands for one segment. Without the query. */
    readonly path: string;
    /** From 1, of the requests that fit. Without it: all of them. */
    readonly nth?: number;
  };
  readonly do: FaultAction;
}

/** What a runner can have the suite do in the name of another caller. */
export type SuiteAction = "suspend" | "revokeToken" | "register" | "revokeDelegation" | "rotateKeys";

export interface Step {
  /** A method of the library, such as `agents.get`, or one of the runner's own, such as `webhook.verify`. */
  readonly call?: string;
  /** What another caller does: `revokeToken` revokes the token that was sent last. */
  readonly suite?: { readonly do: SuiteAction; readonly agentId?: string; readonly chainId?: string };
  /** The name of the client, where it is not the scenario's. */
  readonly on?: string;
  /** For `delegations.lend`: what the function does. */
  readonly run?: "throws" | "returns";
  readonly args?: readonly unknown[];
  /** Options of the call. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** How often it is called; one after the other unless `concurrently`. */
  readonly times?: number;
  readonly concurrently?: boolean;
  /** How many of the concurrent calls are cancelled, after how long; `which` are the first unless `last`. */
  readonly cancel?: { readonly count: number; readonly afterMs: number };
  /** For lists: reads items to this number and stops, or all of them. `records`: the first record of a stream and their number. */
  readonly take?: number | "all" | "records";
  /** What another caller does after the first item of a list. */
  readonly between?: { readonly do: SuiteAction };
  /** The member of each item that no other item of the list may share. */
  readonly unique?: string;
  /** The name of the result, for later steps and for `then`. */
  readonly as?: string;
  /** The error that this step must have. Without it an error ends the scenario. */
  readonly error?: ExpectedError;
  /** The library's clock: both of them go on by `advanceMs`; the wall clock alone is wrong by `wallMs`. */
  readonly clock?: { readonly advanceMs?: number; readonly wallMs?: number };
}

export interface ExpectedError {
  readonly kind: string;
  readonly code?: string;
  readonly httpStatus?: number;
  readonly attempts?: number;
  readonly details?: unknown;
  readonly requiredScope?: string;
  readonly retryAfter?: number;
}

export interface ExpectedTraffic {
  readonly method: string;
  readonly path: string;
  readonly count?: number;
  readonly atMost?: number;
  /** Of every such request: the value, or a pattern between slashes. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of every such request: claims of its DPoP proof. */
  readonly proof?: Readonly<Record<string, string>>;
  /** A header, or a field of a form, that must have the same value in all such requests, or another one in each. */
  readonly same?: string;
  readonly distinct?: string;
}

export interface Scenario {
  /** From 1; a number of the list in the contract of the libraries. */
  readonly number: number;
  readonly id: string;
  readonly why: string;
  /** A library cannot leave it out. */
  readonly must?: boolean;
  readonly credentials: "secret" | "wrongSecret" | "privateKey" | "dpop" | "none";
  /** The agent that the client signs in as. `admin` is the organization's. */
  readonly as?: "admin" | "agent";
  readonly given?: readonly ("agent" | "other" | "keyAgent")[];
  /** Options of the client. */
  readonly client?: Readonly<Record<string, unknown>>;
  readonly faults?: readonly Fault[];
  readonly steps: readonly Step[];
  readonly then: {
    /** Subsets of the results by their names. */
    readonly results?: Readonly<Record<string, unknown>>;
    readonly traffic?: readonly ExpectedTraffic[];
    /** No secret of the fixtures is in what the library prints of clients, results and errors, or in its hooks. */
    readonly secretsAbsent: true;
  };
}
