/** Attack: public card, DID document, marketplace of a private or public agent: no e-mail address of its owner. */
import { decodeJwt } from "jose";
import { expect, it } from "vitest";
import { type Answer, type Body, call, newAgent, newOrganization } from "../../support/api.ts";

const owner = "jane.doe@acme.example";

const documents = (slug: string, agentId: string) => [
  `/agents/${agentId}/did.json`,
  `/orgs/${slug}/agents/${agentId}/did.json`,
  `/api/v1/agents/${agentId}/did`,
];
const card = (agentId: string, token?: string): Promise<Answer> =>
  call(`/api/v1/agents/${agentId}/did/card`, token === undefined ? {} : { token });

it.each([true, false])("no document of an agent shows the address of its owner; isPublic: %s", async (isPublic) => {
  const { token, slug } = await newOrganization();
  const { agentId } = await newAgent(token, { owner, isPublic });
  for (const path of documents(slug, agentId)) {
    const { status, text, body } = await call(path);
    expect([path, status]).toEqual([path, 200]);
    expect(text).not.toContain("jane.doe");
    expect(body.agntcy).toMatchObject({ agentId, version: "1.0.0" });
    expect(body.agntcy).not.toHaveProperty("owner");
  }
  const resolved = await call(`/api/v1/agents/${agentId}/did/resolve`, { token });
  expect(resolved.status).toBe(200);
  expect(resolved.text).not.toContain("jane.doe");
  const inside = await card(agentId, token);
  expect(inside.status).toBe(200);
  expect(inside.body).not.toHaveProperty("owner");
  expect(inside.text).not.toContain("jane.doe");
});

it("nor do the card, the badge and the listing of a public agent", async () => {
  const { token, slug } = await newOrganization();
  const { agentId } = await newAgent(token, { owner, isPublic: true });
  const outside = await card(agentId);
  expect(outside.status).toBe(200);
  expect(outside.body).not.toHaveProperty("owner");
  const badge = await call(`/api/v1/agents/${agentId}/badge`);
  expect(badge.status).toBe(200);
  const { vc } = decodeJwt<{ vc: Body }>(badge.text);
  expect(vc.credentialSubject.badge).not.toContain("jane.doe");
  expect(JSON.parse(vc.credentialSubject.badge).authors).toEqual([slug]);
  const listing = await call(`/api/v1/marketplace/agents/${agentId}`);
  expect(listing.body).toMatchObject({ owner: null });
});

it("a team as owner is shown", async () => {
  const { token, slug } = await newOrganization();
  const { agentId } = await newAgent(token, { isPublic: true });
  for (const path of documents(slug, agentId)) expect((await call(path)).body.agntcy.owner).toBe("talent-team");
  expect((await card(agentId)).body.owner).toBe("talent-team");
});

it("the card of a private agent is for its organization: 404 without a token and for another one, as for no agent", async () => {
  const [mine, theirs] = [await newOrganization(), await newOrganization()];
  const { agentId, email } = await newAgent(mine.token);
  const own = await card(agentId, mine.token);
  expect([own.status, own.body.name, own.headers.get("Cache-Control")]).toEqual([200, email, "no-store"]);
  for (const answer of [await card(agentId), await card(agentId, theirs.token)]) {
    expect([answer.status, answer.body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
  }
  expect((await card(agentId, "not-a-token")).status).toBe(401);
});
