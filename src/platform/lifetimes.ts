/** How long anything that is signed lives at most. What must be remembered until the last of it has expired takes its time from here. */
import { minuteMs } from "./time.ts";

/** The longest lifetime of a token (`TOKEN_TTL_SECONDS`) and of a delegation, in seconds. */
export const longestLifeSeconds = 86_400;

/** How far two clocks may be apart, and how long an isolate may go on signing with a replaced key, in milliseconds. */
export const clockSkewMs = 5 * minuteMs;

/** After this time, in milliseconds, nothing is active any more that was signed, replaced or revoked before it. */
export const longestActiveMs = longestLifeSeconds * 1000 + clockSkewMs;

/**
 * How long the identifier of a resource is kept from another organization after it was given up, in milliseconds: the longest
 * lifetime of a token, and a minute for the clock of an API that checks it offline.
 */
export const identifierReuseMs = (longestLifeSeconds + 60) * 1000;

/** How far the clock of another issuer may be off when its token is checked, in seconds. */
export const foreignSkewSeconds = 60;
