/** One durable commit for all requests that come together. */

/**
 * One turn of the event loop, in which whoever else has arrived stages its own. Reading a body takes just that; a timer of the
 * runtime takes a millisecond or two besides.
 */
async function turn(): Promise<void> {
  await new Response("-").arrayBuffer();
}

/**
 * Groups the writes of concurrent requests. There is no shared promise: every request waits for itself and the first to wake
 * writes for all, so a cancelled request can hold nobody up.
 */
export class Commit {
  readonly #storage: DurableObjectStorage;
  readonly #write: () => void;
  readonly #fail: (reason: string) => void;
  #staged = 0;
  #written = 0;

  /**
   * @param write writes everything that is staged
   * @param fail ends the object: after a failed write memory and disk differ, and only a fresh start mends that
   */
  constructor(storage: DurableObjectStorage, write: () => void, fail: (reason: string) => void) {
    this.#storage = storage;
    this.#write = write;
    this.#fail = fail;
  }

  /**
   * Resolves when everything staged so far is written. The runtime holds the answer back until it is on disk too (output gate).
   */
  async settled(): Promise<void> {
    const ticket = ++this.#staged;
    await turn();
    if (this.#written < ticket) this.now();
  }

  /**
   * Writes at once what is staged.
   *
   * @param write does so in another way than usual
   */
  now(write: () => void = this.#write): void {
    const upTo = this.#staged;
    try {
      this.#storage.transactionSync(write);
    } catch (error) {
      this.#fail(`ledger write failed: ${String(error)}`);
      throw error;
    }
    this.#written = upTo;
  }
}
