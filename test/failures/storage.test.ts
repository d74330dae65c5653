/** The objects' own storage fails at each statement, value and commit: nothing that was answered is lost, and nothing is half there. */
import { agentScenarios } from "./scenarios/agents.ts";
import { credentialScenarios } from "./scenarios/credentials.ts";
import { delegationScenarios } from "./scenarios/delegation.ts";
import { tokenScenarios } from "./scenarios/tokens.ts";
import { attack, type Scenarios } from "./support/attack.ts";

const all: Scenarios = { ...agentScenarios, ...credentialScenarios, ...delegationScenarios, ...tokenScenarios };
const chosen = [
  "registerAgent",
  "changeAgent: suspend",
  "revokeCredential",
  "createDelegation",
  "revokeDelegation",
  "issueToken",
  "introspectToken",
  "revokeToken",
];

attack(Object.fromEntries(Object.entries(all).filter(([name]) => chosen.includes(name))), ["disk"]);
