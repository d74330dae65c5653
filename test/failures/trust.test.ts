import { trustScenarios } from "./scenarios/trust.ts";
import { attack } from "./support/attack.ts";

attack(trustScenarios);
