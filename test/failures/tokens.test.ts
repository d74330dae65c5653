import { tokenScenarios } from "./scenarios/tokens.ts";
import { attack } from "./support/attack.ts";

attack(tokenScenarios);
