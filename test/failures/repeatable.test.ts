/** Repeatable requests: after a failure the same request, with its key, leads to what one request leads to. */
import { credentialScenarios } from "./scenarios/credentials.ts";
import { delegationScenarios } from "./scenarios/delegation.ts";
import { attack, type Scenario } from "./support/attack.ts";

/** The same requests, with a key for each world. */
const withKey = ({ world, ...scenario }: Scenario): Scenario => ({
  ...scenario,
  async world() {
    const { call, ...rest } = await world();
    return { ...rest, call: { ...call, headers: { ...call.headers, "Idempotency-Key": crypto.randomUUID() } } };
  },
});

const { createCredential } = credentialScenarios;
const { createDelegation } = delegationScenarios;

attack(
  Object.fromEntries(
    Object.entries({ createCredential, createDelegation }).flatMap(([name, scenario]) =>
      scenario ? [[`${name}: with a key`, withKey(scenario)]] : [],
    ),
  ),
  // A claim that comes late stays for 30 seconds without an attempt: `test/access/idempotency/secrets.test.ts`.
  ["before", "after"],
);
