/** The operator creates an organization, limits it, suspends it and rotates the keys, by keyboard and with the real service. */
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { type Admin, newOrganization, requestToken, send, setUp, tokenFor } from "../support/http-client.ts";
import { newStage } from "./_console.ts";
import { heading, openSignedIn, press, savedCodes, traces } from "./_signed-in.ts";

const stage = newStage();
let operator: Admin;

beforeAll(async () => {
  if (!hasBrowser) return;
  operator = await setUp(stage.worker.issuer);
});

const published = async (): Promise<string[]> => {
  const { body } = await send(stage.worker.issuer, "/.well-known/jwks.json");
  return (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
};

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("an organization is created, limited, suspended and refused, reactivated and deleted", async () => {
    const { issuer } = stage.worker;
    const { page, complaints } = await openSignedIn(stage, operator, "/");
    await page.locator("#menu").getByRole("link", { name: "Operator" }).press("Enter");
    await heading(page, "Operator");
    await page.getByRole("link", { name: "Create an organization" }).press("Enter");
    await heading(page, "Create an organization");
    await page.getByLabel("Name").focus();
    for (const text of ["Acme", "acme", "admin@acme.example", "Enterprise"]) {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    }
    await press(page, "Create the organization");
    const [, clientId = "", clientSecret = ""] = await savedCodes(page);
    await heading(page, "Acme");
    expect(await traces(page)).not.toContain(clientSecret);
    const status = async () => (await requestToken(issuer, { clientId, clientSecret })).status;
    expect(await status()).toBe(200);

    await page.getByLabel("Most agents").focus();
    await page.keyboard.type("12");
    await press(page, "Save");
    await page.getByText("Saved Acme.").waitFor();
    const orgId = new URL(page.url()).pathname.split("/").at(-1);
    const record = await send(issuer, `/api/v1/organizations/${orgId}`, {
      token: await tokenFor(issuer, operator, { scope: "admin:orgs" }),
    });
    expect(record.body).toMatchObject({ name: "Acme", slug: "acme", planTier: "enterprise", maxAgents: 12 });

    await press(page, "Suspend");
    await page.getByLabel("Type acme to confirm").focus();
    await page.keyboard.type("acme");
    await press(page, "Suspend");
    await page.getByText("suspended", { exact: true }).waitFor();
    expect(await status()).not.toBe(200);
    await press(page, "Reactivate");
    await page.getByText("active", { exact: true }).waitFor();
    expect(await status()).toBe(200);

    await press(page, "Delete");
    await page.getByLabel("Type acme to confirm").focus();
    await page.keyboard.type("acme");
    await press(page, "Delete");
    await heading(page, "Operator");
    expect(await status()).not.toBe(200);
    expect(complaints()).toEqual([]);
  });

  it("the keys are rotated: those that sign next are published", async () => {
    const before = await published();
    const { page } = await openSignedIn(stage, operator, "/operator?tab=keys");
    await press(page, "Rotate");
    await press(page, "Rotate");
    await page.getByText("The next keys sign now.").waitFor();
    const after = await published();
    expect(after.length).toBeGreaterThan(before.length);
    await expect.poll(() => page.getByRole("row").count()).toBe(after.length + 1);
  });
});

describe.skipIf(!hasBrowser)("an admin of another organization", () => {
  it("has no entry for it in the menu, and is told that it is the operator's", async () => {
    const admin = await newOrganization(stage.worker.issuer, operator);
    const { page } = await openSignedIn(stage, admin, "/operator");
    await page.getByText("It is for agents of the operator's organization.").waitFor();
    expect(await page.locator("#menu").getByRole("link", { name: "Operator" }).count()).toBe(0);
    await page.goto(`${stage.worker.issuer}/console/operator/organizations/${operator.organizationId}`);
    await heading(page, "Not found");
  });
});
