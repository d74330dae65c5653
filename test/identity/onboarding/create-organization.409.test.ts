import { expect, it } from "vitest";
import { call, newOrganization, theOperator } from "../../support/api.ts";
import { pathOf } from "../../tenancy/organizations/_support.ts";

const post = async (slug: string) => {
  const { token } = await theOperator();
  return call("/api/v1/organizations", { token, json: { name: "Acme", slug, adminEmail: "admin@acme.example" } });
};

it("a slug belongs to one organization, the operator's included", async () => {
  const { slug } = await newOrganization();
  for (const taken of [slug, "operator"]) {
    const answer = await post(taken);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: "SLUG_TAKEN", message: "Another organization has this slug." });
  }
});

it("the slug of a deleted organization stays taken", async () => {
  const { token } = await theOperator();
  const deleted = await newOrganization();
  expect((await call(pathOf(deleted), { method: "DELETE", token })).status).toBe(204);
  expect(await post(deleted.slug)).toMatchObject({ status: 409, body: { code: "SLUG_TAKEN" } });
});

it("of eight racing for one slug exactly one wins, and the others leave nothing behind", async () => {
  const { token } = await theOperator();
  const answers = await Promise.all(Array.from({ length: 8 }, () => post("racing")));
  expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, ...Array(7).fill(409)]);
  const list = await call("/api/v1/organizations?limit=100", { token });
  const racing = list.body.data.filter((organization: { slug: string }) => organization.slug === "racing");
  expect(racing.length).toBe(1);
});
