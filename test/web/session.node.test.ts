/** Signing in to the console, and the ends of a session, with the real service. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, newSite, newTab } from "../support/browser.ts";
import { type Admin, newClient, newOrganization, send, setUp, tokenFor } from "../support/http-client.ts";
import { newStage } from "./_console.ts";

const stage = newStage();
let admin: Admin;

beforeAll(async () => {
  if (hasBrowser) admin = await setUp(stage.worker.issuer);
});

/** An agent with every scope that an admin may have, and a credential. */
async function newAgent() {
  const { issuer } = stage.worker;
  const grantedScopes = ["agents:read", "audit:read", "webhooks:read"];
  const agent = await newClient(issuer, admin.token, { grantedScopes });
  const member = `/api/v1/organizations/${admin.organizationId}/members`;
  const added = await send(issuer, member, { token: admin.token, json: { agentId: agent.agentId, role: "member" } });
  expect(added.status, added.text).toBe(201);
  return agent;
}

/** What a person needs to sign in. */
type SignedIn = Pick<Admin, "agentId" | "clientId" | "clientSecret">;
type Agent = Awaited<ReturnType<typeof newAgent>>;

async function open(path: string) {
  const tab = await newTab(stage.browser, { viewport: { width: 1280, height: 800 } });
  await tab.page.goto(`${stage.worker.issuer}/console${path}`);
  return tab;
}

async function signIn(page: Page, { clientId, clientSecret }: Pick<Agent, "clientId" | "clientSecret">) {
  await page.getByLabel("Agent id").fill(clientId);
  await page.getByLabel("Client secret").fill(clientSecret);
  await page.keyboard.press("Enter");
}

const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name }).waitFor();

/** Everything that a script of the page, a person at the machine or a later visitor could read. */
const traces = (page: Page): Promise<string> =>
  page.evaluate(`JSON.stringify([
    location.href, history.state, document.cookie, document.documentElement.outerHTML,
    [...document.querySelectorAll("input")].map(({ value }) => value),
    Object.entries(localStorage), Object.entries(sessionStorage),
    performance.getEntriesByType("resource").map(({ name }) => name),
  ])`);

describe.skipIf(!hasBrowser)("signing in", () => {
  it("leads to where one wanted to go; neither page, storage, URL nor history has the secret or a token", async () => {
    const agent = await newAgent();
    const { page, complaints } = await open("/account?a=b");
    await heading(page, "Sign in to the console");
    expect(await page.title()).toBe("Sign in to the console · SentryAgent");
    await signIn(page, agent);
    await heading(page, "Account");
    expect(page.url()).toBe(`${stage.worker.issuer}/console/account?a=b`);
    await expect.poll(() => page.evaluate("document.activeElement.tagName")).toBe("H1");
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ name: "agentidp", httpOnly: true, sameSite: "Strict", path: "/", expires: -1 });
    const found = await traces(page);
    for (const secret of [agent.clientSecret, cookie?.value ?? "", "eyJ"]) expect(found).not.toContain(secret);
    // The sign-in has no place in the history.
    await page.goBack();
    expect(page.url()).toBe("about:blank");
    expect(complaints.filter((text) => !text.startsWith("Failed to load resource"))).toEqual([]);
  });

  it("with a wrong id and with a wrong secret gets one answer, with the focus on it", async () => {
    const { clientId, clientSecret } = await newAgent();
    const answers: string[] = [];
    for (const wrong of [
      { clientId, clientSecret: `${clientSecret}x` },
      { clientId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", clientSecret },
    ]) {
      const { page } = await open("/sign-in");
      await signIn(page, wrong);
      const alert = page.getByRole("alert");
      await alert.waitFor();
      expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe("alert");
      answers.push((await alert.innerText()).replace(/Request .*/, ""));
      await page.context().close();
    }
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).toContain("do not fit together");
  });

  it("offers the fields that a password manager fills, and no autofill of anything else", async () => {
    const { page } = await open("/sign-in");
    await heading(page, "Sign in to the console");
    const fields = await page
      .locator("input:not([type=radio])")
      .evaluateAll((inputs) =>
        inputs.map((input) => [
          input.getAttribute("name"),
          input.getAttribute("autocomplete"),
          input.getAttribute("type"),
        ]),
      );
    expect(fields).toEqual([
      ["username", "username", "text"],
      ["password", "current-password", "password"],
    ]);
  });
});

describe.skipIf(!hasBrowser)("a one-time link", () => {
  it("signs in once, and its code is in no address, history or storage", async () => {
    const { issuer } = stage.worker;
    const token = await tokenFor(issuer, await newAgent(), { scope: "agents:read" });
    const link = await send(issuer, "/api/v1/console/links", { method: "POST", token });
    expect(link.status, link.text).toBe(201);
    const [, code = ""] = link.body.url.split("#code=");
    expect(code).toMatch(/^[\w-]{43}$/);

    const first = await newTab(stage.browser);
    await first.page.goto(link.body.url);
    await heading(first.page, "Overview");
    expect(await traces(first.page)).not.toContain(code);
    await first.page.goto(`${issuer}/console/account`);
    await heading(first.page, "Account");
    // Never wider than the token that made it.
    expect(await first.page.getByText("held", { exact: true }).count()).toBe(1);

    const second = await newTab(stage.browser);
    await second.page.goto(link.body.url);
    await second.page.getByText("The link has been used, or is older than 60 seconds.").waitFor();
    expect(second.page.url()).toBe(`${issuer}/console/sign-in`);
  });

  it("with less than the agent holds says that it is the session that lacks a scope, not the agent", async () => {
    const { issuer } = stage.worker;
    const agent = await newClient(issuer, admin.token, { grantedScopes: ["agents:read", "audit:read"] });
    const token = await tokenFor(issuer, agent, { scope: "agents:read" });
    const link = await send(issuer, "/api/v1/console/links", { method: "POST", token });
    const { page } = await newTab(stage.browser);
    await page.goto(link.body.url);
    await heading(page, "Overview");
    await page.goto(`${issuer}/console/audit`);
    await page.getByText("which this session does not have").waitFor();
    await page.goto(`${issuer}/console/webhooks`);
    await page.getByText("does not hold.").waitFor();
  });
});

describe.skipIf(!hasBrowser)("a session that ends elsewhere", () => {
  const patch = (agent: Agent, status: string) =>
    send(stage.worker.issuer, `/api/v1/agents/${agent.agentId}`, {
      method: "PATCH",
      token: admin.token,
      json: { status },
    });

  const notActive = "Its agent is suspended, its credential revoked";

  async function expectEnd(agent: SignedIn, end: () => Promise<unknown>, why: string) {
    const { page } = await open("/account?a=b");
    await signIn(page, agent);
    await heading(page, "Account");
    await end();
    // The next click.
    await page.getByRole("link", { name: "First steps" }).first().click();
    await heading(page, "Sign in to the console");
    await page.getByText(why).waitFor();
    expect(page.url()).toContain("from=%2Ffirst-steps");
    // Nothing that the session has read is left on the page.
    expect(await page.getByText(agent.agentId).count()).toBe(0);
    return page;
  }

  it("by a revoked credential goes to the sign-in with the next click, and says why", async () => {
    const agent = await newAgent();
    const path = `/api/v1/agents/${agent.agentId}/credentials/${agent.credentialId}`;
    const revoke = async () => {
      const { status } = await send(stage.worker.issuer, path, { method: "DELETE", token: admin.token });
      expect(status).toBe(204);
    };
    await expectEnd(agent, revoke, notActive);
  });

  it("by a suspended agent does too; reactivated, it signs in and is back where it was", async () => {
    const agent = await newAgent();
    const set = async (status: string) => expect((await patch(agent, status)).status).toBe(200);
    const page = await expectEnd(agent, () => set("suspended"), notActive);
    await set("active");
    await signIn(page, agent);
    await heading(page, "First steps");
  });

  it("by a suspended organization does too", async () => {
    const { issuer } = stage.worker;
    const tenant = await newOrganization(issuer, admin);
    const path = `/api/v1/organizations/${tenant.organizationId}`;
    const suspend = async () => {
      const { status } = await send(issuer, path, {
        method: "PATCH",
        token: admin.token,
        json: { status: "suspended" },
      });
      expect(status).toBe(200);
    };
    await expectEnd(tenant, suspend, notActive);
  });

  it("by another session of the agent does too", async () => {
    const agent = await newAgent();
    const end = async () => {
      const { page } = await open("/account");
      await signIn(page, agent);
      await page.getByRole("button", { name: /^End session/ }).click();
      await page.getByRole("button", { name: "End", exact: true }).last().click();
      await page.getByText("Ended 1 session.").waitFor();
    };
    await expectEnd(agent, end, "It was ended from another session of the agent.");
  });
});

describe.skipIf(!hasBrowser)("a page of another site", () => {
  it("changes and reads nothing, neither by a form nor by a script", async () => {
    const { issuer } = stage.worker;
    const { page } = await open("/");
    await signIn(page, admin);
    await heading(page, "Overview");
    const site = await newSite();
    const target = `${issuer}/console/api/v1/agents`;
    site.answers.set("/", {
      body: `<!doctype html><title>Elsewhere</title>
        <form method="post" enctype="text/plain" action="${target}"><input name='{"email":"' value='evil@example.com"}'>
        <button>Win</button></form>`,
    });
    const other = await page.context().newPage();
    await other.goto(`${site.origin}/`);
    const [answer] = await Promise.all([
      other.waitForResponse((response) => response.url() === target),
      other.getByRole("button", { name: "Win" }).click(),
    ]);
    expect([answer.status(), (await answer.json()).code]).toEqual([403, "FORBIDDEN"]);
    await other.goto(`${site.origin}/`);
    const read = `fetch(${JSON.stringify(target)}, { credentials: "include" }).then(() => "read", () => "refused")`;
    expect(await other.evaluate(read)).toBe("refused");
    const { body } = await send(issuer, "/api/v1/agents?search=evil", { token: admin.token });
    expect(body.data).toEqual([]);
    await site.close();
  });
});

describe.skipIf(!hasBrowser)("signing out", () => {
  it("ends the session, and nothing of it shows by going back", async () => {
    const agent = await newAgent();
    const { page } = await open("/account");
    await signIn(page, agent);
    await heading(page, "Account");
    const [cookie] = await page.context().cookies();
    await page.getByLabel(/^Account:/).press("Enter");
    await page.getByRole("button", { name: "Sign out" }).press("Enter");
    await heading(page, "Sign in to the console");
    expect(await page.context().cookies()).toEqual([]);
    await page.goBack();
    await heading(page, "Sign in to the console");
    expect(await page.getByText(agent.agentId).count()).toBe(0);
    const answer = await fetch(`${stage.worker.issuer}/console/session`, {
      headers: { Cookie: `agentidp=${cookie?.value}`, "Sec-Fetch-Site": "same-origin" },
    });
    expect(answer.status).toBe(401);
  });
});

describe.skipIf(!hasBrowser)("another tab", () => {
  it("that signs in as another agent makes this one show that agent, not a mixture", async () => {
    const [first, second] = [await newAgent(), await newAgent()];
    const { page } = await open("/account");
    await signIn(page, first);
    await heading(page, "Account");
    const other = await page.context().newPage();
    await other.goto(`${stage.worker.issuer}/console/sign-in`);
    await signIn(other, second);
    await heading(other, "Overview");
    await page.bringToFront();
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await page
      .getByRole("button", { name: `Copy agent id ${second.agentId.slice(0, 4)}…${second.agentId.slice(-6)}` })
      .waitFor();
  });
});

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("the first stop leads past the menu, and each screen has its title and the focus on its heading", async () => {
    const agent = await newAgent();
    const { page } = await open("/");
    await signIn(page, agent);
    await heading(page, "Overview");
    await page.reload();
    await heading(page, "Overview");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("content");
    for (const [link, title] of [
      ["Account", "Account"],
      ["First steps", "First steps"],
      ["Overview", "Overview"],
    ] as const) {
      await page.locator("#menu").getByRole("link", { name: link }).press("Enter");
      await heading(page, title);
      await expect.poll(() => page.title()).toBe(`${title} · SentryAgent`);
      await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe(title);
    }
  });

  it("at 320 px the menu opens, closes behind a link, and the theme is kept", async () => {
    const { page } = await open("/sign-in");
    await page.setViewportSize({ width: 320, height: 640 });
    await page.getByLabel("Dark").press("Space");
    await signIn(page, await newAgent());
    await heading(page, "Overview");
    await page.getByRole("button", { name: "Menu" }).press("Enter");
    await page.locator("#menu").getByRole("link", { name: "Account" }).press("Enter");
    await heading(page, "Account");
    expect(await page.locator("#menu").isVisible()).toBe(false);
    await page.reload();
    await heading(page, "Account");
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
  });
});

describe.skipIf(!hasBrowser)("an address without a screen", () => {
  it("is the 404 screen", async () => {
    const { page } = await open("/agents-of-another/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10");
    await signIn(page, await newAgent());
    await heading(page, "Not found");
  });

  it("the token of the session reaches no path outside the console", async () => {
    const agent = await newAgent();
    const { page } = await open("/");
    await signIn(page, agent);
    await heading(page, "Overview");
    expect(await page.evaluate("fetch('/api/v1/agents').then(({ status }) => status)")).toBe(401);
    expect(await tokenFor(stage.worker.issuer, agent)).toMatch(/^eyJ/);
  });
});
