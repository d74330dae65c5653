/** The costly calls of an organization that have a limit of their own. */

/** How many an organization may make in a minute. */
export const turnsPerMinute = { verification: 30, domain_verification: 10, scaffold: 10 } as const;

export type Turn = keyof typeof turnsPerMinute;
