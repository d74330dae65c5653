import { describe, expect, it } from "vitest";
import { effectiveLimits, tierLimits } from "../../../src/ledger/tier-limits.ts";

describe("tier limits", () => {
  it("without overrides are those of the tier, and no tier bounds the tokens of a month", () => {
    const limits = effectiveLimits({ planTier: "pro", maxAgents: null, maxTokensPerMonth: null });
    expect(limits).toEqual({ ...tierLimits.pro, maxTokensPerMonth: null });
  });

  it.each([3, 5_000])("an override of %i agents takes the place of the tier's ten", (maxAgents) => {
    expect(effectiveLimits({ planTier: "free", maxAgents, maxTokensPerMonth: null }).maxAgents).toBe(maxAgents);
  });

  it("an override bounds an unlimited tier", () => {
    const limits = effectiveLimits({ planTier: "enterprise", maxAgents: 1, maxTokensPerMonth: 2 });
    expect(limits).toEqual({ ...tierLimits.enterprise, maxAgents: 1, maxTokensPerMonth: 2 });
  });
});
