import { billingScenarios } from "./scenarios/billing.ts";
import { attack } from "./support/attack.ts";

attack(billingScenarios);
