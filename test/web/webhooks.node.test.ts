/** The life of a webhook in the console, by keyboard and with the real service and a receiver that fails first. */
import { createHmac } from "node:crypto";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { accept, startReceiver, status } from "../interop/_webhook-receiver.ts";
import { hasBrowser } from "../support/browser.ts";
import { type Admin, agentFields, newOrganization, send, setUp, tokenFor } from "../support/http-client.ts";
import { markup } from "./_agents.ts";
import { idOf } from "./_answers.ts";
import { newStage } from "./_console.ts";
import { heading, openSignedIn, press, savedCodes, traces } from "./_signed-in.ts";

const stage = newStage();
let operator: Admin;
let admin: Admin;
let token: string;

beforeAll(async () => {
  if (!hasBrowser) return;
  operator = await setUp(stage.worker.issuer);
  admin = await newOrganization(stage.worker.issuer, operator);
  token = await tokenFor(stage.worker.issuer, admin, { scope: "webhooks:read" });
});

/** Standard Webhooks: HMAC-SHA256 of id, timestamp and body, with the bytes of the secret. */
const signatureOf = (secret: string, id: unknown, timestamp: unknown, body: string) =>
  `v1,${createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64"))
    .update(`${id}.${timestamp}.${body}`)
    .digest("base64")}`;

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("a webhook is created, its test fails, its event is delivered again, its secret is rotated, it is paused, resumed and deleted", async () => {
    const { issuer } = stage.worker;
    const receiver = await startReceiver(status(500));
    onTestFinished(() => receiver.close());
    const { page, complaints } = await openSignedIn(stage, admin, "/");
    await page.locator("#menu").getByRole("link", { name: "Webhooks" }).press("Enter");
    await page.getByText("No webhooks yet").waitFor();
    await page.getByRole("link", { name: "Create a webhook" }).press("Enter");
    await heading(page, "Create a webhook");
    await page.getByRole("textbox", { name: "Name" }).focus();
    await page.keyboard.type("Directory sync");
    await page.keyboard.press("Tab");
    await page.keyboard.type(receiver.url);
    await page.getByRole("checkbox", { name: "agent.created" }).press("Space");
    await press(page, "Create the webhook");
    const [, secret = ""] = await savedCodes(page);
    expect(secret).toMatch(/^whsec_/);
    await heading(page, "Directory sync");
    expect(await traces(page)).not.toContain(secret);
    const webhookId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    expect((await send(issuer, `/api/v1/webhooks/${webhookId}`, { token })).body).toMatchObject({
      name: "Directory sync",
      url: receiver.url,
      events: ["agent.created"],
      active: true,
    });

    await press(page, "Send a test");
    await press(page, "Send");
    await page.getByText("The test failed").waitFor();
    await press(page, "Close");

    receiver.behave = accept;
    const hostile = { ...agentFields(), description: markup };
    expect((await send(issuer, "/api/v1/agents", { token: admin.token, json: hostile })).status).toBe(201);
    await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBe(2);
    const delivery = page.getByRole("link", { name: "agent.created" }).first();
    await expect
      .poll(
        async () => {
          await press(page, "Read anew");
          return page.locator("tbody tr").first().textContent();
        },
        { timeout: 60_000 },
      )
      .toContain("delivered");
    await delivery.press("Enter");
    await heading(page, "agent.created");
    // The payload has HTML, which is text here.
    expect(await page.getByRole("region", { name: "Payload" }).textContent()).toContain(
      '<img src=x onerror=\\"alert(1)\\">',
    );
    expect(await page.locator("main img").count()).toBe(0);
    await press(page, "Send it again");
    await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBe(3);
    const [, first, second] = receiver.received;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = second?.headers ?? {};
    expect(signature).toBe(signatureOf(secret, id, timestamp, second?.body ?? ""));
    await page.getByRole("row").filter({ hasText: "204" }).nth(1).waitFor();

    await page.getByRole("link", { name: "Directory sync" }).press("Enter");
    await heading(page, "Directory sync");
    await press(page, "Rotate the secret");
    await press(page, "Rotate");
    const [, rotated = ""] = await savedCodes(page);
    expect(rotated).toMatch(/^whsec_/);
    expect(rotated).not.toBe(secret);

    await press(page, "Pause");
    await press(page, "Pause");
    await page.getByText("It is not active").waitFor();
    await press(page, "Resume");
    await page.getByText("It is not active").waitFor({ state: "detached" });

    await press(page, "Delete");
    await page.getByLabel("Type Directory sync to confirm").focus();
    await page.keyboard.type("Directory sync");
    await press(page, "Delete");
    await page.getByText("No webhooks yet").waitFor();
    expect((await send(issuer, `/api/v1/webhooks/${webhookId}`, { token })).status).toBe(404);
    expect(complaints()).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("ids of others", () => {
  it("show the same screen as ids of nothing", async () => {
    const json = { name: "Theirs", url: "https://hooks.acme.example/", events: ["agent.created"] };
    const theirs = await send(stage.worker.issuer, "/api/v1/webhooks", {
      token: await tokenFor(stage.worker.issuer, operator, { scope: "webhooks:write" }),
      json,
    });
    expect(theirs.status, theirs.text).toBe(201);
    const { page } = await openSignedIn(stage, admin, "/");
    const id = (theirs.body as { id: string }).id;
    for (const path of [id, idOf(1), "none", `${id}/edit`, `${id}/deliveries/${idOf(1)}`]) {
      await page.goto(`${stage.worker.issuer}/console/webhooks/${path}`);
      await heading(page, "Not found");
      expect(await page.locator("main").textContent()).not.toContain("Theirs");
    }
  });
});
