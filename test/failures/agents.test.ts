import { agentScenarios } from "./scenarios/agents.ts";
import { attack } from "./support/attack.ts";

attack(agentScenarios);
