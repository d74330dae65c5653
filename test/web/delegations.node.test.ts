/** The life of a delegation in the console, by keyboard and with the real service. */
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { type Admin, newClient, newOrganization, send, setUp } from "../support/http-client.ts";
import { newStage } from "./_console.ts";
import { heading, openSignedIn, press, savedCodes, traces } from "./_signed-in.ts";

const stage = newStage();
let admin: Admin;

beforeAll(async () => {
  if (!hasBrowser) return;
  admin = await newOrganization(stage.worker.issuer, await setUp(stage.worker.issuer));
});

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("scopes are lent to an agent, seen in the list and in the graph, checked, and revoked", async () => {
    const { issuer } = stage.worker;
    const other = await newClient(issuer, admin.token, { email: "borrower@acme.example" });
    const { page, complaints } = await openSignedIn(stage, admin, "/");
    await page.locator("#menu").getByRole("link", { name: "Delegations" }).press("Enter");
    await page.getByText("No delegations yet").waitFor();
    await page.getByRole("link", { name: "Lend scopes" }).first().press("Enter");
    await heading(page, "Lend scopes");
    await page.getByLabel("To the agent").focus();
    await page.keyboard.type("borrower");
    await press(page, "borrower@acme.example");
    await page.getByRole("checkbox", { name: "agents:read" }).press("Space");
    await press(page, "Lend");
    const [chainId = "", token = ""] = await savedCodes(page);
    expect(token).toMatch(/^sa_del_/);
    await heading(page, "Delegations");
    expect(await traces(page)).not.toContain(token);

    const row = page.getByRole("row").filter({ hasText: "borrower@acme.example" });
    await row.waitFor();
    expect(await row.textContent()).toContain("agents:read");
    await page.getByRole("link", { name: "Graph" }).press("Enter");
    await page.getByRole("img", { name: "2 agents and 1 arrow between them." }).waitFor({ state: "attached" });
    // The same as a list comes before it.
    expect(await page.locator(".by-giver").textContent()).toContain("borrower@acme.example");
    expect(await page.locator("svg a title").allTextContents()).toContain("borrower@acme.example");

    await page.getByRole("link", { name: "Check a token" }).press("Enter");
    await heading(page, "Check a delegation token");
    await page.getByLabel("Delegation token").focus();
    await page.keyboard.insertText(token);
    await press(page, "Check");
    await page.getByRole("heading", { name: "It is valid" }).waitFor();
    await press(page, "Revoke it");
    await press(page, "Revoke");
    await page.getByText("It was revoked", { exact: true }).waitFor();
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link").press("Enter");
    await heading(page, "Delegations");
    expect(await traces(page)).not.toContain(token);
    await row.getByText("revoked").waitFor();
    // The graph does not have it any more, and does not say that there never was one.
    await page.getByRole("link", { name: "Graph" }).press("Enter");
    await page.getByRole("heading", { name: "No active delegation" }).waitFor();
    expect(await page.getByText("No delegations yet").count()).toBe(0);

    const verification = await send(issuer, "/api/v1/oauth2/token/verify-delegation", {
      token: admin.token,
      json: { delegationToken: token },
    });
    expect(verification.body).toMatchObject({ valid: false, chainId, delegateeAgentId: other.agentId });
    expect(complaints()).toEqual([]);
  });

  it("a text that is no delegation is told as such", async () => {
    const { page } = await openSignedIn(stage, admin, "/delegations/check");
    await page.getByLabel("Delegation token").focus();
    await page.keyboard.insertText("sa_del_none");
    await press(page, "Check");
    await page.getByText("Not a delegation of your organization").waitFor();
  });
});
