import { setUpScenarios } from "./scenarios/service.ts";
import { attack } from "./support/attack.ts";

attack(setUpScenarios);
