/** What the service asks of its stores. */
export interface Counts {
  /** Round trips to D1, and the statements in them. */
  d1Calls: number;
  d1Statements: number;
  /** Calls of a ledger or a delegation chain, and of the object that adds up the metrics. */
  objectCalls: number;
  metricsCalls: number;
  /** Statements that objects ran on their own storage, the rows they wrote, and the transactions they made durable. */
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
