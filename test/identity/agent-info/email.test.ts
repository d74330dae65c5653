/** `email` identifies nobody: it is never said to be verified, and `email_domain_verified` says whose the domain is now. */
import { decodeJwt } from "jose";
import { expect, it } from "vitest";
import { type Client, call, newClient, newOrganization } from "../../support/api.ts";

/** The claims of agent info and of the id_token. */
async function claimsOf(client: Client): Promise<Record<string, unknown>[]> {
  const { body } = await call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials", scope: "openid" },
  });
  const info = await call("/agent-info", { token: body.access_token });
  return [info.body, decodeJwt(body.id_token)];
}

it("an address under a domain of another organization: two false claims; `sub` tells the two agents apart", async () => {
  const [holder, other] = [await newOrganization(), await newOrganization()];
  const domains = `/api/v1/organizations/${holder.organizationId}/domains`;
  const name = `${holder.slug}.example`;
  const email = `ceo-bot@${name}`;
  const [own, imitation] = [await newClient(holder.token, { email }), await newClient(other.token, { email })];
  for (const claims of [...(await claimsOf(own)), ...(await claimsOf(imitation))]) {
    expect(claims).toMatchObject({ email, email_verified: false, email_domain_verified: false });
  }
  const added = await call(domains, { token: holder.token, json: { domain: name } });
  expect(added.body, added.text).toMatchObject({ status: "verified" });
  for (const claims of await claimsOf(own)) {
    expect(claims).toMatchObject({ sub: own.agentId, email_verified: false, email_domain_verified: true });
  }
  for (const claims of await claimsOf(imitation)) {
    expect(claims).toMatchObject({ sub: imitation.agentId, email_verified: false, email_domain_verified: false });
  }
  expect((await call(`${domains}/${name}`, { method: "DELETE", token: holder.token })).status).toBe(204);
  for (const claims of await claimsOf(own)) expect(claims).toMatchObject({ email_domain_verified: false });
});

it("a domain above the host of the address counts, a look-alike does not", async () => {
  const { token, organizationId, slug } = await newOrganization();
  const added = await call(`/api/v1/organizations/${organizationId}/domains`, {
    token,
    json: { domain: `${slug}.example` },
  });
  expect(added.body, added.text).toMatchObject({ status: "verified" });
  const verified = async (email: string) =>
    (await claimsOf(await newClient(token, { email }))).map((claims) => claims.email_domain_verified);
  expect(await verified(`bot@mail.${slug}.example`)).toEqual([true, true]);
  expect(await verified(`bot@not${slug}.example`)).toEqual([false, false]);
});
