import { consoleScenarios } from "./scenarios/console.ts";
import { attack } from "./support/attack.ts";

attack(consoleScenarios);
