/** The calls of the service to its stores. */
export interface Counts {
  /** Round trips to D1, and the statements in them. */
  d1Calls: number;
  d1Statements: number;
  /** Calls of a ledger or a delegation chain, and of the metrics object. */
  objectCalls: number;
  metricsCalls: number;
  /** Statements of objects on their own storage, rows that they wrote, and durable transactions. */
  objectStatements: number;
  objectRows: number;
  objectCommits: number;
}

export const none = (): Counts => ({
  d1Calls: 0,
  d1Statements: 0,
  objectCalls: 0,
  metricsCalls: 0,
  objectStatements: 0,
  objectRows: 0,
  objectCommits: 0,
});
