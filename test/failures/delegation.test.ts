import { delegationScenarios } from "./scenarios/delegation.ts";
import { attack } from "./support/attack.ts";

attack(delegationScenarios);
