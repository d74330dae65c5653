/** The longest lifetimes of signed values, for records that must outlast the last signed token. */
import { minuteMs } from "./time.ts";

/** The longest lifetime of a token (`TOKEN_TTL_SECONDS`) and of a delegation, in seconds. */
export const longestLifeSeconds = 86_400;

/** The largest difference of two clocks, and how long an isolate may still sign with a replaced key, in milliseconds. */
export const clockSkewMs = 5 * minuteMs;

/** How long a signed value can be active, in milliseconds. Revocations and replaced keys are kept for so long. */
export const longestActiveMs = longestLifeSeconds * 1000 + clockSkewMs;

/**
 * How long after the deletion of a resource no other organization can register its identifier, in milliseconds: the longest
 * lifetime of a token, and a minute for the clock of an API that verifies tokens offline.
 */
export const identifierReuseMs = (longestLifeSeconds + 60) * 1000;

/** The accepted difference of another issuer's clock, in seconds. */
export const foreignSkewSeconds = 60;
