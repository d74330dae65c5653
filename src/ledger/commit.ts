/** One durable commit for all concurrent requests. */

/**
 * One turn of the event loop, in which the other requests that have arrived stage their writes. Reading a body takes exactly
 * one turn; a timer of the runtime takes a millisecond or two more.
 */
async function turn(): Promise<void> {
  await new Response("-").arrayBuffer();
}

/**
 * Groups the writes of concurrent requests. There is no shared promise: every request waits on its own, and the first that
 * continues writes for all. So a cancelled request cannot block the others.
 */
export class Commit {
  readonly #storage: DurableObjectStorage;
  readonly #write: () => void;
  readonly #fail: (reason: string) => void;
  #staged = 0;
  #written = 0;

  /**
   * @param write writes everything that is staged
   * @param fail ends the object: after a failed write memory and disk differ, and only a restart corrects that
   */
  constructor(storage: DurableObjectStorage, write: () => void, fail: (reason: string) => void) {
    this.#storage = storage;
    this.#write = write;
    this.#fail = fail;
  }

  /**
   * Resolves when everything staged so far is written. The runtime holds the response until the write is on disk (output gate).
   */
  async settled(): Promise<void> {
    const ticket = ++this.#staged;
    await turn();
    if (this.#written < ticket) this.now();
  }

  /**
   * Writes at once everything that is staged.
   *
   * @param write replaces the usual way to write
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
