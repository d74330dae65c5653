/** An organization is managed in the console, by keyboard and with the real service and a resolver of this machine. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { type Admin, newClient, newOrganization, send, setUp, tokenFor } from "../support/http-client.ts";
import { idOf } from "./_answers.ts";
import { newStage } from "./_console.ts";
import { type Resolver, startResolver } from "./_resolver.ts";
import { heading, openSignedIn, press } from "./_signed-in.ts";

let resolver: Resolver;
const stage = newStage(async () => {
  resolver = await startResolver();
  return { DNS_RESOLVER: resolver.url };
});
let operator: Admin;
let admin: Admin;

beforeAll(async () => {
  if (!hasBrowser) return;
  operator = await setUp(stage.worker.issuer);
  admin = await newOrganization(stage.worker.issuer, operator);
});

afterAll(() => resolver?.close());

const read = async (path: string) =>
  (await send(stage.worker.issuer, `/api/v1${path}`, { token: await adminToken() })).body;
const adminToken = () => tokenFor(stage.worker.issuer, admin, { scope: "agents:read agents:write admin:orgs" });

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("a domain is proved and a resource below it registered", async () => {
    const { page, complaints } = await openSignedIn(stage, admin, "/organization?tab=domains");
    await page.getByText("No domains yet").waitFor();
    await page.getByLabel("Domain").focus();
    await page.keyboard.type("acme.example");
    await press(page, "Add the domain");
    const card = page.getByRole("article", { name: "acme.example" });
    await card.waitFor();
    // Nothing is published yet.
    await press(page, "Verify acme.example");
    await card.getByRole("alert").waitFor();
    const [domain] = (await read(`/organizations/${admin.organizationId}/domains`)).data;
    expect(await card.locator(".copied code").allTextContents()).toEqual([
      domain.challenge.name,
      domain.challenge.value,
    ]);
    resolver.publish(domain.challenge.name, domain.challenge.value);
    await press(page, "Verify acme.example");
    await card.getByText("verified", { exact: true }).waitFor();

    await page.getByRole("link", { name: "Resources" }).press("Enter");
    await page.getByText("No resources yet").waitFor();
    await page.getByRole("link", { name: "Register a resource" }).press("Enter");
    await heading(page, "Register a resource");
    await page.getByLabel("Identifier").focus();
    for (const text of ["https://api.acme.example/", "Resumes"]) {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.type("resume:read Read resumes");
    await press(page, "Register the resource");
    await heading(page, "Resumes");
    const [resource] = (await read("/resources")).data;
    expect(resource).toMatchObject({
      identifier: "https://api.acme.example/",
      name: "Resumes",
      scopes: [{ name: "resume:read", description: "Read resumes" }],
      status: "active",
    });
    await press(page, "Disable");
    await press(page, "Disable");
    await page.getByRole("button", { name: "Enable" }).waitFor();
    expect((await read(`/resources/${resource.resourceId}`)).status).toBe("disabled");
    expect(complaints()).toEqual([]);
  });

  it("a sample token is tried in the browser, and the trust policy added and removed", async () => {
    const agent = await newClient(stage.worker.issuer, admin.token, { email: "deployer@acme.example" });
    const { page, complaints } = await openSignedIn(stage, admin, "/organization?tab=trust");
    await page.getByText("No trust policies yet").waitFor();
    await page.getByRole("link", { name: "Add a trust policy" }).press("Enter");
    await heading(page, "Add a trust policy");
    await page.getByLabel("Signs in as the agent").focus();
    await page.keyboard.type("deployer");
    await press(page, "deployer@acme.example");
    await page.getByLabel("Repository").focus();
    await page.keyboard.type("acme/resumes");
    const sent: string[] = [];
    page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
    const claims = {
      aud: stage.worker.issuer,
      repository: "acme/resumes",
      ref: "refs/heads/next",
      ref_type: "branch",
      event_name: "push",
    };
    const sample = page.getByLabel("Sample token");
    await sample.focus();
    await page.keyboard.insertText(JSON.stringify(claims));
    await page.getByText("It is of another branch or tag.").waitFor();
    const payload = Buffer.from(JSON.stringify({ ...claims, ref: "refs/heads/main" })).toString("base64url");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.insertText(`e30.${payload}.c2lnbmF0dXJl`);
    await page.getByText("It matches").waitFor();
    expect(sent).toEqual([]);
    await press(page, "Add the policy");
    const row = page.getByRole("row").filter({ hasText: "acme/resumes" });
    await row.waitFor();
    const [policy] = (await read("/oidc/trust-policies")).data;
    expect(policy).toMatchObject({
      agentId: agent.agentId,
      provider: "github",
      repository: "acme/resumes",
      branch: "main",
    });
    await row.getByRole("button", { name: "Remove policy" }).press("Enter");
    await press(page, "Remove");
    await page.getByText("No trust policies yet").waitFor();
    expect(complaints()).toEqual([]);
  });

  it("the organization is renamed, an agent gets a role and loses it, and a partner is trusted and suspended", async () => {
    await newClient(stage.worker.issuer, admin.token, { email: "colleague@acme.example" });
    const { page, complaints } = await openSignedIn(stage, admin, "/organization");
    await press(page, "Rename");
    await page.getByLabel("Name").focus();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("Acme");
    await press(page, "Save");
    await page.getByRole("heading", { name: "Acme" }).waitFor();

    await page.getByRole("link", { name: "Members" }).press("Enter");
    await page.getByRole("row").nth(1).waitFor();
    await press(page, "Give a role");
    await page.getByRole("dialog").getByLabel("Agent").focus();
    await page.keyboard.type("colleague");
    await press(page, "colleague@acme.example");
    await press(page, "Save");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const row = page.getByRole("row").filter({ hasText: "colleague@acme.example" });
    await row.getByText("member", { exact: true }).waitFor();
    await row.getByRole("button", { name: /^Remove the role/ }).press("Enter");
    await press(page, "Remove");
    await row.waitFor({ state: "detached" });

    await page.getByRole("link", { name: "Partners" }).press("Enter");
    await page.getByText("No partners yet").waitFor();
    await page.getByRole("link", { name: "Trust a partner" }).press("Enter");
    await heading(page, "Trust a partner");
    await page.getByLabel("Name").focus();
    await page.keyboard.type("Globex");
    await page.keyboard.press("Tab");
    await page.keyboard.type("https://idp.globex.example");
    await press(page, "Trust the partner");
    await page.getByRole("link", { name: "Globex" }).press("Enter");
    await heading(page, "Globex");
    await press(page, "Suspend");
    await press(page, "Suspend");
    await page.getByText("suspended", { exact: true }).waitFor();
    const [partner] = (await read("/federation/partners")).data;
    expect(partner).toMatchObject({ name: "Globex", issuer: "https://idp.globex.example", status: "suspended" });
    expect(complaints()).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("ids of others", () => {
  it("show the same screen as ids of nothing", async () => {
    const theirs = await send(stage.worker.issuer, "/api/v1/resources", {
      token: await tokenFor(stage.worker.issuer, operator, { scope: "admin:orgs" }),
      json: { identifier: `urn:agentidp:${operator.slug ?? "operator"}:theirs`, name: "Theirs" },
    });
    expect(theirs.status, theirs.text).toBe(201);
    const { page } = await openSignedIn(stage, admin, "/");
    const { resourceId } = theirs.body as { resourceId: string };
    for (const path of [`resources/${resourceId}`, `resources/${idOf(1)}`, "resources/none", `partners/${idOf(1)}`]) {
      await page.goto(`${stage.worker.issuer}/console/organization/${path}`);
      await heading(page, "Not found");
      expect(await page.locator("main").textContent()).not.toContain("Theirs");
    }
  });
});
