/** The alarm of a ledger: it moves what is written to D1, soon after the first write. */
import type { HandingOn } from "./handing-on.ts";

/** How long after a failed flush the alarm repeats it. */
const retryAfterMs = 10_000;

/** Sets the alarm of one object. It fires once for all events that are written until then. */
export class Alarm {
  readonly #storage: DurableObjectStorage;
  readonly #handingOn: HandingOn;
  /** How long the events wait for the alarm that is set; null without one. */
  #waitMs: number | null = null;

  constructor(storage: DurableObjectStorage, handingOn: HandingOn) {
    this.#storage = storage;
    this.#handingOn = handingOn;
  }

  /** Whether this instance waits for the alarm. */
  get isSet(): boolean {
    return this.#waitMs !== null;
  }

  /** Notes that the alarm has fired. */
  fired(): void {
    this.#waitMs = null;
  }

  /** Sets the alarm, or brings it forward when a webhook wants the events now. Not awaited: the runtime writes it with the next commit. */
  wake(): void {
    const { waitMs } = this.#handingOn;
    if (this.#waitMs !== null && this.#waitMs <= waitMs) return;
    this.#waitMs = waitMs;
    void this.#storage.setAlarm(Date.now() + waitMs);
  }

  /** Repeats a failed flush. No event brings it forward while D1 fails. */
  async retry(nowMs: number): Promise<void> {
    this.#waitMs = 0;
    await this.#storage.setAlarm(nowMs + retryAfterMs);
  }

  /** Sets the alarm for what expires. It does not count as set, so that the next event brings it forward. */
  async tidyAt(atMs: number): Promise<void> {
    await this.#storage.setAlarm(atMs);
  }
}
