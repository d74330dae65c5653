/** Makes a request of an operation, and a value or an error of its answer. */
import { answeredWith } from "./answered.ts";
import type { Answered } from "./call.ts";
import { decode, Mismatch } from "./decode.ts";
import { Download } from "./download.ts";
import { AgentIdPError, configError } from "./errors.ts";
import type { Input, Operation } from "./operation.ts";
import { isTokenRefused, refusal, unreadable } from "./refusal.ts";
import { exposed, sentJson } from "./secret.ts";
import type { Token, TokenManager, Wanted } from "./token-manager.ts";
import { Nonces, type Outgoing, type Sent, type Transport } from "./transport.ts";
import type { ClientOptions, ConditionalOptions } from "./types.ts";
import { filledPath, queryString } from "./url.ts";

/** What a repeated DELETE finds when an earlier attempt did it. */
const alreadyDone = /^(CREDENTIAL_ALREADY_REVOKED|AGENT_ALREADY_DECOMMISSIONED)$/;

/** Whether a record holds what a change sent. */
function holds(record: unknown, sent: unknown): boolean {
  if (typeof sent !== "object" || sent === null) return record === sent;
  if (typeof record !== "object" || record === null) return false;
  const entries = Object.entries(sent);
  if (Array.isArray(sent) && (!Array.isArray(record) || record.length !== sent.length)) return false;
  return entries.every(([name, value]) => holds((record as Record<string, unknown>)[name], value));
}

function formText(body: unknown): string {
  const entries = Object.entries(body as Record<string, unknown>).filter(([, value]) => value !== undefined);
  return new URLSearchParams(entries.map(([name, value]) => [name, exposed(value as string)])).toString();
}

export class Engine {
  readonly #transport: Transport;
  readonly #base: string;
  readonly #options: ClientOptions;
  readonly #tokens: TokenManager;
  readonly #nonces = new Nonces();
  /** What ends each running call. Not one signal for all: Node 20 warns of a leak at its eleventh listener. */
  readonly #running = new Set<AbortController>();
  #closed: AgentIdPError | null = null;

  readonly #parent: Engine | undefined;

  /** @param parent closes this one when it is closed */
  constructor(transport: Transport, base: string, tokens: TokenManager, options: ClientOptions, parent?: Engine) {
    this.#parent = parent;
    this.#transport = transport;
    this.#base = base;
    this.#tokens = tokens;
    this.#options = options;
  }

  get clock() {
    return this.#transport.clock;
  }

  get tokens(): TokenManager {
    return this.#tokens;
  }

  close(): void {
    this.#closed = new AgentIdPError("Config", "The client is closed.", { code: "CLOSED" });
    for (const ender of this.#running) ender.abort(this.#closed);
    this.#tokens.clear();
  }

  /** This engine and those above it: each of them can be closed. */
  #chain(): readonly Engine[] {
    return [this, ...(this.#parent ? this.#parent.#chain() : [])];
  }

  /**
   * Runs what ends when the client is closed.
   *
   * @throws {AgentIdPError} `CLOSED`
   */
  async whileOpen<T>(given: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const chain = this.#chain();
    const closed = chain.map((engine) => engine.#closed).find((error) => error);
    if (closed) throw closed;
    const ender = new AbortController();
    for (const engine of chain) engine.#running.add(ender);
    try {
      return await run(given ? AbortSignal.any([given, ender.signal]) : ender.signal);
    } finally {
      for (const engine of chain) engine.#running.delete(ender);
    }
  }

  /** A living token; none when the client is closed. */
  token(wanted: Wanted): Promise<Token> {
    return this.whileOpen(wanted.signal, (signal) => this.#tokens.token({ ...wanted, signal }));
  }

  /** The answer of an operation, decoded. */
  send(operation: Operation, input: Input, options: ConditionalOptions = {}): Promise<Answered<unknown>> {
    return this.whileOpen(options.signal, (signal) => this.#answer(operation, input, { ...options, signal }));
  }

  async #answer(operation: Operation, input: Input, bounded: ConditionalOptions): Promise<Answered<unknown>> {
    const sent = await this.#sent(operation, input, bounded);
    const { reply, attempts } = sent;
    if (operation.answeringStatuses?.includes(reply.status)) {
      // The same status has a problem when the service itself could not answer.
      const answered = this.#decodedOr(operation, sent);
      if (answered) return answered;
    }
    if (reply.status < 300) return this.#decoded(operation, sent);
    const error = refusal(reply, this.#askedBy(operation), attempts, this.clock.now());
    if (sent.isUncertain && operation.method === "DELETE" && (error.httpStatus === 404 || alreadyDone.test(error.code)))
      return answeredWith(undefined, sent);
    if (sent.isUncertain && error.httpStatus === 412) {
      const done = await this.#doneBefore(operation, input, bounded);
      if (done) return { ...done, attempts: attempts + done.attempts };
    }
    throw error;
  }

  #askedBy({ call }: Operation) {
    return call === "delegations.create" ? "delegation" : "api";
  }

  #sent(operation: Operation, input: Input, options: ConditionalOptions): Promise<Sent> {
    const { call, method, path, retry, answer, form } = operation;
    const plainUrl = this.#base + filledPath(path, input.path ?? []);
    const key = retry === "keyed" ? (options.idempotencyKey ?? crypto.randomUUID()) : undefined;
    const body = input.body === undefined ? undefined : form ? formText(input.body) : sentJson(input.body);
    const type = form ? "application/x-www-form-urlencoded" : "application/json";
    let token: Token | null = null;
    let isRefused = false;
    const outgoing = async (signal: AbortSignal): Promise<Outgoing> => {
      if (isRefused && token) await this.#tokens.drop(token);
      isRefused = false;
      token = await this.#tokenFor(operation, input, signal);
      return {
        headers: {
          ...(body === undefined ? {} : { "content-type": type }),
          ...(key === undefined ? {} : { "idempotency-key": key }),
          ...(options.ifMatch === undefined ? {} : { "if-match": options.ifMatch }),
          ...(input.authorization ? { authorization: input.authorization } : {}),
          ...(token ? await this.#authorization(token, method, plainUrl) : {}),
        },
        body,
      };
    };
    return this.#transport.send(
      {
        call,
        method,
        route: path,
        url: plainUrl + queryString(input.query),
        retry,
        asked: this.#askedBy(operation),
        streams: answer === "bytes",
        accepts: answer === "bytes" || answer === "text" ? "*/*" : undefined,
        answeringStatuses: operation.answeringStatuses,
        outgoing,
        isTimed: this.#options.dpopKey !== undefined,
        isRenewed: (reply) => {
          if (!token) return false;
          if (this.#options.dpopKey && this.#nonces.isAsked(plainUrl, reply)) return true;
          isRefused = isTokenRefused(reply);
          return isRefused && this.#tokens.canRenew;
        },
      },
      options,
    );
  }

  async #tokenFor(operation: Operation, input: Input, signal: AbortSignal): Promise<Token | null> {
    if (operation.authentication === "none" || input.authorization) return null;
    if (this.#tokens.isAnonymous) {
      if (operation.authentication === "optional") return null;
      throw configError(`\`${operation.call}\` needs credentials, and this client has none.`, "NO_CREDENTIALS");
    }
    return this.#tokens.token({ scopes: input.scopes, signal });
  }

  async #authorization({ accessToken, tokenType }: Token, method: string, url: string) {
    const key = this.#options.dpopKey;
    const authorization = `${key ? "DPoP" : tokenType} ${accessToken.expose()}`;
    if (!key) return { authorization };
    const nonce = this.#nonces.get(url);
    return {
      authorization,
      dpop: await key.proof({ method, url, accessToken, nonce, nowMs: this.#transport.serviceTime.now() }),
    };
  }

  #decoded(operation: Operation, sent: Sent): Answered<unknown> {
    const { answer, conditional } = operation;
    const { reply, attempts } = sent;
    if (answer === undefined) return answeredWith(undefined, sent);
    // A raw request can have an answer without a body.
    if (answer === "*" && reply.text === "") return answeredWith(undefined, sent);
    if (answer === "text") return answeredWith(reply.text, sent);
    if (answer === "bytes") return answeredWith(new Download(reply.stream, reply.headers), sent);
    try {
      const value = decode(answer, JSON.parse(reply.text), this.#options.refuseUnknownFields);
      const etag = conditional ? reply.headers.get("etag") : null;
      return answeredWith(etag === null ? value : { ...(value as object), etag }, sent);
    } catch (error) {
      throw unreadable(reply, error instanceof Mismatch ? error.message : "it is no JSON", attempts);
    }
  }

  #decodedOr(operation: Operation, sent: Sent): Answered<unknown> | null {
    try {
      return this.#decoded(operation, sent);
    } catch {
      return null;
    }
  }

  /** After a 412: whether an earlier attempt, whose answer was lost, made the change. */
  async #doneBefore(operation: Operation, { path, body }: Input, options: ConditionalOptions) {
    const { ifMatch: _, ...others } = options;
    const { answer, authentication, ...rest } = operation;
    const base = { ...rest, method: "GET", retry: "read", ...(authentication ? { authentication } : {}) } as const;
    try {
      const sent = await this.#sent({ ...base, ...(answer ? { answer } : {}) }, path ? { path } : {}, others);
      if (operation.method === "DELETE") return sent.reply.status === 404 ? answeredWith(undefined, sent) : null;
      if (sent.reply.status !== 200 || !holds(JSON.parse(sent.reply.text), JSON.parse(sentJson(body)))) return null;
      return this.#decoded(operation, sent);
    } catch {
      return null;
    }
  }
}
