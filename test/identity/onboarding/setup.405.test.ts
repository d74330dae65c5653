import { expect, it } from "vitest";
import { call, setupToken } from "../../support/api.ts";

it.each(["GET", "PUT", "DELETE"])("%s is answered as on every other path that takes POST", async (method) => {
  for (const token of [setupToken, "wrong"]) {
    const answer = await call("/api/v1/setup", { method, token });
    expect(answer.status).toBe(405);
    expect(answer.body.code).toBe("METHOD_NOT_ALLOWED");
    expect(answer.headers.get("Allow")).toBe("POST");
  }
});
