/** What a method gives back: a promise of the value that can also give the whole answer. */

/** The requests that the organization may send at once. */
export interface RateLimit {
  readonly limit: number;
  /** Of them, left. */
  readonly remaining: number;
  /** Seconds until all are left again; while none is left, until the next one is accepted. */
  readonly resetSeconds: number;
}

/** A value with the answer that brought it. */
export interface Answered<T> {
  readonly value: T;
  readonly status: number;
  readonly headers: Headers;
  readonly requestId: string | undefined;
  /** Undefined where the service names no limit. */
  readonly rateLimit: RateLimit | undefined;
  /** How many requests were sent. */
  readonly attempts: number;
}

/** A call that was sent. `await` it for the value. */
export class Call<T> implements Promise<T> {
  readonly #answered: Promise<Answered<T>>;
  readonly [Symbol.toStringTag] = "Call";

  constructor(answered: Promise<Answered<T>>) {
    this.#answered = answered;
  }

  /** The value with status, headers, request id, rate limit and the number of attempts. */
  withResponse(): Promise<Answered<T>> {
    return this.#answered;
  }

  #value(): Promise<T> {
    return this.#answered.then(({ value }) => value);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#value().then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#value().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#value().finally(onFinally);
  }

  /** Another value of the same answer. */
  map<Other>(change: (value: T) => Other): Call<Other> {
    return new Call(this.#answered.then((answered) => ({ ...answered, value: change(answered.value) })));
  }
}
