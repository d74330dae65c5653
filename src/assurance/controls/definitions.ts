/** When a control passes, in detail: for the page of the controls. The table of `docs/guides/embed-controls.md` has the same texts. */
import type { ControlId } from "./catalogue.ts";

/** Code is in backticks. */
export const passesWhile: Readonly<Record<ControlId, string>> = {
  "CC6.1":
    "protected routes, called internally, refuse a call without a token, with a token of another key, and with a genuine token of an organization that does not exist; and a caller of another organization cannot read the agent that was registered last",
  "CC6.2":
    "no decommissioned agent has a credential that is neither revoked nor expired, and no suspended agent has signed in since. The evidence has the share of credentials older than 90 days",
  "CC6.6":
    "every stored private key and signing secret decrypts with the current `KEY_ENCRYPTION_KEYS`, no public key has a private member, and stored client secrets have the form of a hash",
  "CC6.7":
    "the issuer is https, HSTS is sent for at least half a year, and every webhook goes to https. `unknown` in development without https",
  "CC7.2":
    "the Cron Trigger ran within five minutes of the run before, the metrics are at most ten minutes old, no event waits longer than ten minutes for the audit log or for its subscribers, no webhook delivery is more than 15 minutes late",
  "CC7.3":
    "every organization's audit chain was verified within 24 hours and is intact, by the Cron Trigger, every request and every compliance report; none lacks an event that is older than ten minutes. `lastChecked` is the time of the oldest verification that counts",
  "CC8.1": "the database has exactly the migrations of the running version",
  "CC9.2":
    "no signing key is in use for more than 35 days. The evidence has the number of credentials that expire within 7 days",
  "A1.2":
    "at most 1,000 events are in the outbox, and of the last 1,000 webhook deliveries within a day at most a tenth, or 20, were given up",
};
