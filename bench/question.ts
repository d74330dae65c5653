/** A question that the bench answers with measurements. */
import type { Pace } from "./rounds.ts";
import type { Table } from "./table.ts";

/** How thoroughly a run measures. */
export interface Plan {
  readonly isQuick: boolean;
  readonly pace: Pace;
  /** The numbers of connections at which throughput is measured. */
  readonly connections: readonly number[];
  /** The one at which everything else is. */
  readonly usualConnections: number;
  /** Agents in D1. */
  readonly populations: readonly number[];
  /** Organizations that ask at the same time. */
  readonly organizations: number;
  /** Tokens issued in a row for the sake of memory and of the audit log. */
  readonly manyTokens: number;
  /** How often a start from nothing is repeated. */
  readonly starts: number;
}

export interface Run {
  readonly plan: Plan;
  progress(line: string): void;
}

/** An answer: tables for people, and everything that was measured. */
export interface Answer {
  readonly tables: readonly Table[];
  readonly measured: unknown;
}

export interface Question {
  /** Also its name on the command line. */
  readonly name: string;
  readonly answer: (run: Run) => Promise<Answer>;
}
