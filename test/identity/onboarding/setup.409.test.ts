import { expect, it } from "vitest";
import { adminToken, call, setupToken, tokenFor } from "../../support/api.ts";

const fields = { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" };
const setUp = (change: Partial<typeof fields> = {}) =>
  call("/api/v1/setup", { token: setupToken, json: { ...fields, ...change } });

it("of eight at once exactly one sets the service up, and after it nobody does", async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, number) => setUp(number % 2 === 0 ? {} : { slug: `operator-${number}` })),
  );
  const [won, ...others] = answers.toSorted((a, b) => a.status - b.status);
  expect(won!.status, won!.text).toBe(201);
  for (const answer of others) {
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: "ALREADY_SET_UP",
      message: "The service has been set up before; that can be done once.",
    });
  }
  expect(await setUp({ slug: "another" })).toMatchObject({ status: 409, body: { code: "ALREADY_SET_UP" } });

  const { admin } = won!.body;
  const token = await adminToken(admin);
  const list = await call("/api/v1/organizations", { token });
  expect(list.body.data).toEqual([won!.body.organization]);
  const agents = await call("/api/v1/agents", { token: await tokenFor(admin, { scope: "agents:read" }) });
  expect(agents.body.data.map((agent: { agentId: string }) => agent.agentId)).toEqual([admin.agentId]);
});
