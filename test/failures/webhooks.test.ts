import { webhookScenarios } from "./scenarios/webhooks.ts";
import { attack } from "./support/attack.ts";

attack(webhookScenarios);
