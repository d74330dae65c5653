/** The questions that the bench answers with measurements. */
import type { Pace } from "./rounds.ts";
import type { Table } from "./table.ts";

/** How thoroughly a run measures. */
export interface Plan {
  readonly isQuick: boolean;
  readonly pace: Pace;
  /** The numbers of connections at which throughput is measured. */
  readonly connections: readonly number[];
  /** The number of connections of all other measurements. */
  readonly usualConnections: number;
  /** Agents in D1. */
  readonly populations: readonly number[];
  /** Organizations that send requests at the same time. */
  readonly organizations: number;
  /** Tokens issued in a row, for the measurement of memory and of the audit log. */
  readonly manyTokens: number;
  /** The number of cold starts. */
  readonly starts: number;
}

export interface Run {
  readonly plan: Plan;
  progress(line: string): void;
}

/** Tables for people, and all measurements. */
export interface Answer {
  readonly tables: readonly Table[];
  readonly measured: unknown;
}

export interface Question {
  /** Also on the command line. */
  readonly name: string;
  readonly answer: (run: Run) => Promise<Answer>;
}
