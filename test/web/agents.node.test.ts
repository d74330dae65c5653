/** The life of an agent in the console, by keyboard and with the real service; and lists of many, and of texts that break pages. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import {
  type Admin,
  type Client,
  newClient,
  newOrganization,
  requestToken,
  send,
  setUp,
} from "../support/http-client.ts";
import { markup, turned } from "./_agents.ts";
import { newStage } from "./_console.ts";
import { copyRow, manyId } from "./_many.ts";
import { heading, openSignedIn, press, savedCodes, traces } from "./_signed-in.ts";

const stage = newStage();
let operator: Admin;
let admin: Admin;

beforeAll(async () => {
  if (!hasBrowser) return;
  operator = await setUp(stage.worker.issuer);
  admin = await newOrganization(stage.worker.issuer, operator);
});

const open = (path: string) => openSignedIn(stage, admin, path);

const tabOf = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Parts of the agent" }).getByRole("link", { name }).press("Enter");

/** The secret of the dialog that shows it, once. */
async function savedSecret(page: Page): Promise<Client> {
  const [, clientId = "", clientSecret = ""] = await savedCodes(page);
  expect(clientSecret).toMatch(/^sa_sec_/);
  return { clientId, clientSecret };
}

const tokenStatus = async (client: Client) => (await requestToken(stage.worker.issuer, client)).status;

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("an agent is registered, gets a secret, rotates it with overlap, is suspended and refused, and is downloaded", async () => {
    const { issuer } = stage.worker;
    const { page, complaints } = await open("/");
    await page.locator("#menu").getByRole("link", { name: "Agents" }).press("Enter");
    await heading(page, "Agents");
    await page.getByRole("link", { name: "Register an agent" }).press("Enter");
    await heading(page, "Register an agent");
    await page.getByLabel("E-mail").focus();
    for (const text of ["screener-01@acme.example", "screener", "1.4.0", "talent-team", "Production"]) {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.type("resume:read");
    await page.keyboard.press("Tab");
    await press(page, "Register the agent");
    await heading(page, "screener-01@acme.example");
    await page.getByText("No credential yet").waitFor();
    const agentId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    const { body } = await send(issuer, `/api/v1/agents/${agentId}`, { token: admin.token });
    expect(body).toMatchObject({
      email: "screener-01@acme.example",
      agentType: "screener",
      version: "1.4.0",
      owner: "talent-team",
      deploymentEnv: "production",
      capabilities: ["resume:read"],
      grantedScopes: ["agents:read", "delegations:write"],
    });

    await press(page, "Create a credential");
    await press(page, "Create");
    const first = await savedSecret(page);
    expect(first.clientId).toBe(agentId);
    expect(await traces(page)).not.toContain(first.clientSecret);
    const issued = await requestToken(issuer, first);
    expect(issued.status).toBe(200);

    await press(page, /^Rotate credential/, false);
    await page.getByLabel("Overlap").selectOption("600");
    await press(page, "Rotate");
    const second = await savedSecret(page);
    expect(await traces(page)).not.toContain(second.clientSecret);
    expect([await tokenStatus(first), await tokenStatus(second)]).toEqual([200, 200]);

    await tabOf(page, "DID and card");
    await page.getByText("verified", { exact: true }).waitFor();

    await press(page, "Suspend");
    await page.getByText("It has no delegation that is alive.").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Suspend" }).press("Enter");
    await page.getByText("Suspended screener-01@acme.example.").waitFor();
    const refused = await send(issuer, "/api/v1/agents", { token: issued.body.access_token });
    expect([refused.status, await tokenStatus(second)]).toEqual([401, 401]);
    await press(page, "Reactivate");
    await page.getByRole("dialog").getByRole("button", { name: "Reactivate" }).press("Enter");
    await page.getByText("Reactivated screener-01@acme.example.").waitFor();
    expect(await tokenStatus(second)).toBe(200);
    expect((await send(issuer, "/api/v1/agents", { token: issued.body.access_token })).status).toBe(401);

    await tabOf(page, "Activity");
    await page.getByText("agent.suspended").waitFor();

    await tabOf(page, "Starter project");
    await page.getByLabel("Python").press("Space");
    const download = page.waitForEvent("download");
    await press(page, "Download as ZIP");
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/python.*\.zip$/);
    expect((await readFile(await file.path())).subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");

    await press(page, "Decommission");
    const last = page.getByRole("dialog").getByRole("button", { name: "Decommission" });
    expect(await last.isDisabled()).toBe(true);
    await page.getByLabel(/^Type /).fill("screener-01@acme.example");
    await last.press("Enter");
    await page.getByText("Decommissioned screener-01@acme.example.").waitFor();
    expect(await tokenStatus(second)).toBe(401);
    await page.context().close();
    expect(complaints()).toEqual([]);
  });

  it("an edit that another one has overtaken shows both versions, and saves over the newer one", async () => {
    const { issuer } = stage.worker;
    const { agentId } = await newClient(issuer, admin.token, { owner: "first-team" });
    const path = `/api/v1/agents/${agentId}`;
    const { page, complaints } = await open(`/agents/${agentId}/edit`);
    await page.getByLabel("Owner").fill("my-team");
    await send(issuer, path, { method: "PATCH", token: admin.token, json: { owner: "their-team", version: "2.0.0" } });
    await press(page, "Save");
    await page.getByText("This agent has changed meanwhile").waitFor();
    await page.getByRole("cell", { name: "their-team" }).waitFor();
    await page.getByRole("cell", { name: "not changed by you: stays as saved" }).waitFor();
    await press(page, "Save mine");
    await page.getByRole("navigation", { name: "Parts of the agent" }).waitFor();
    const { body } = await send(issuer, path, { token: admin.token });
    expect(body).toMatchObject({ owner: "my-team", version: "2.0.0" });
    await page.context().close();
    expect(complaints()).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("what users wrote", () => {
  it("is text everywhere, and breaks no page", async () => {
    const description = `${markup}\n${turned}\n${"word".repeat(230)}`;
    const { agentId } = await newClient(stage.worker.issuer, admin.token, { owner: `${markup}${turned}`, description });
    const { page, complaints } = await open(`/agents/${agentId}`);
    await page.getByText(description).waitFor();
    for (const tab of ["DID and card", "Activity", "Credentials"]) {
      await tabOf(page, tab);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
    }
    await page.goto(`${stage.worker.issuer}/console/agents?owner=${encodeURIComponent(`${markup}${turned}`)}`);
    await page.getByText(`${markup}${turned}`).first().waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    await page.context().close();
    expect(complaints()).toEqual([]);
  });

  it("another organization's agent, and an id that is none, are the 404 screen in each place", async () => {
    const foreign = await newClient(stage.worker.issuer, operator.token);
    const { page } = await open("/agents");
    for (const path of [foreign.agentId, `${foreign.agentId}?tab=credentials`, `${foreign.agentId}/edit`, "none"]) {
      await page.goto(`${stage.worker.issuer}/console/agents/${path}`);
      await heading(page, "Not found");
    }
    await page.context().close();
  });
});

describe.skipIf(!hasBrowser)("with 5,000 agents", () => {
  it("no reading asks for more than the screen shows, back keeps filters and place, and several are suspended one by one", async () => {
    const { worker } = stage;
    const many = await newOrganization(worker.issuer, operator);
    const { agentId } = await newClient(worker.issuer, many.token, { owner: "many" });
    const email = "'many-' || printf('%04d', n) || '@acme.example'";
    await copyRow(stage, "agents", "id", agentId, 4999, { id: manyId, email });
    await copyRow(stage, "agent_keys", "agent_id", agentId, 4999, { id: manyId, agent_id: manyId });
    admin = many;
    const { page, complaints } = await open("/agents?owner=many&sort=email");
    const asked: URL[] = [];
    page.on("request", (request) => asked.push(new URL(request.url())));
    await page.getByRole("link", { name: "many-0001@acme.example" }).waitFor();
    for (const name of ["many-0026@acme.example", "many-0051@acme.example"]) {
      await page.getByRole("link", { name: "Next" }).press("Enter");
      await page.getByRole("link", { name }).waitFor();
    }
    await page.getByRole("link", { name: "many-0051@acme.example" }).press("Enter");
    await heading(page, "many-0051@acme.example");
    await page.goBack();
    await page.getByText("Page 3, 25 agents").waitFor();
    await page.getByRole("link", { name: "many-0051@acme.example" }).waitFor();
    await page.getByRole("link", { name: "Previous" }).press("Enter");
    await page.getByRole("link", { name: "many-0026@acme.example" }).waitFor();
    expect(await page.getByLabel("Owner, exactly").inputValue()).toBe("many");
    const lists = asked.filter(({ pathname }) => pathname === "/console/api/v1/agents");
    expect(lists.map(({ searchParams }) => searchParams.get("limit"))).not.toContain(null);
    expect(Math.max(...lists.map(({ searchParams }) => Number(searchParams.get("limit"))))).toBe(25);

    for (const name of ["many-0026@acme.example", "many-0027@acme.example"]) {
      await page.getByLabel(`Choose ${name}`).press("Space");
    }
    await press(page, "Suspend 2");
    await press(page, "Suspend");
    await page.getByText("2 suspended, 0 refused, 0 left as they were.").waitFor();
    await press(page, "Close");
    const { body } = await send(worker.issuer, "/api/v1/agents/summary", { token: many.token });
    expect(body.byStatus).toMatchObject({ active: 4999, suspended: 2 });
    await page.context().close();
    expect(complaints()).toEqual([]);
  });
});
