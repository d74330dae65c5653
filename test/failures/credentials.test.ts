import { credentialScenarios } from "./scenarios/credentials.ts";
import { attack } from "./support/attack.ts";

attack(credentialScenarios);
