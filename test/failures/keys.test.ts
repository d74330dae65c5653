import { keyScenarios } from "./scenarios/service.ts";
import { attack } from "./support/attack.ts";

attack(keyScenarios);
