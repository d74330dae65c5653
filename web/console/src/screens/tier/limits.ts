/** What happens at each limit of a tier (docs/guides/manage-api-tiers.md, "Over a limit"). */

export const consequences: readonly { readonly limit: string; readonly counts: string; readonly effect: string }[] = [
  {
    limit: "Agents",
    counts: "Registered and not decommissioned, suspended ones too",
    effect: "No agent can be registered. Decommission one, which counts at once, or upgrade.",
  },
  {
    limit: "Calls a day",
    counts: "Accepted requests with a token, whatever their answer; this console's too",
    effect: "Calls are refused until midnight UTC, but for revocations, this page and the upgrade.",
  },
  {
    limit: "Tokens a day",
    counts: "Issued tokens, and sign-ins to this console",
    effect: "No token is issued until midnight UTC. Tokens that exist go on.",
  },
  {
    limit: "Tokens a month",
    counts: "Issued tokens since the first of the month, where the operator has set a limit",
    effect: "No token is issued until the month ends.",
  },
  {
    limit: "Requests a minute",
    counts: "Requests of the whole organization, with some at once",
    effect: "429 with Retry-After: clients wait that many seconds and go on.",
  },
];
