import { nameScenarios } from "./scenarios/names.ts";
import { attack } from "./support/attack.ts";

attack(nameScenarios);
