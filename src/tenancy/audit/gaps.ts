/** The gaps of a log that its verification continues after. */
import type { ChainState, Gap } from "../../ledger/contract.ts";
import type { GapRule } from "./verification.ts";

const areSame = (one: Gap, other: Gap) =>
  one.fromSequence === other.fromSequence &&
  one.toSequence === other.toSequence &&
  one.previousHash === other.previousHash &&
  one.lastHash === other.lastHash;

/** The gaps that a verification continues after: the accepted ones, in their exact extent, and what `tolerates` names. */
export class Gaps {
  /** Those that the verification has met. */
  readonly met: Gap[] = [];
  readonly #accepted: readonly Gap[];
  readonly #tolerates: GapRule;

  constructor({ gaps }: Pick<ChainState, "gaps">, tolerates: GapRule = () => false) {
    this.#accepted = gaps;
    this.#tolerates = tolerates;
  }

  readonly continuesAfter: GapRule = (gap) => {
    const continues = this.#accepted.some((one) => areSame(one, gap)) || this.#tolerates(gap);
    if (continues) this.met.push(gap);
    return continues;
  };

  /** Those that were met and not accepted. */
  get tolerated(): readonly Gap[] {
    return this.met.filter((gap) => !this.#accepted.some((one) => areSame(one, gap)));
  }

  /** The number of missing events up to a sequence. */
  missingThrough(sequence: number): number {
    return this.met.reduce(
      (sum, { fromSequence, toSequence }) => sum + Math.max(0, Math.min(toSequence, sequence) - fromSequence + 1),
      0,
    );
  }
}
