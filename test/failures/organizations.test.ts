import { it } from "vitest";
import { expectOperatorsChainVerifies, organizationScenarios } from "./scenarios/organizations.ts";
import { attack } from "./support/attack.ts";

attack(organizationScenarios);

it("the operator's chain verifies after all of it", expectOperatorsChainVerifies);
