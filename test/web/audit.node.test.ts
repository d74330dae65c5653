/** The audit log in the console, by keyboard and with the real service; a log of 100,000 events, and texts that break pages. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { type Admin, newClient, newOrganization, requestToken, send, setUp } from "../support/http-client.ts";
import { markup, turned } from "./_agents.ts";
import { newStage } from "./_console.ts";
import { copyRow, manyId } from "./_many.ts";
import { heading, openSignedIn } from "./_signed-in.ts";

const stage = newStage();
let operator: Admin;
let admin: Admin;

beforeAll(async () => {
  if (!hasBrowser) return;
  operator = await setUp(stage.worker.issuer);
  admin = await newOrganization(stage.worker.issuer, operator);
});

const open = (path: string, as: Admin = admin) => openSignedIn(stage, as, path);
const tabOf = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Parts of the audit log" }).getByRole("link", { name }).press("Enter");

async function downloaded(page: Page, button: string): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).press("Enter");
  return readFile(await (await download).path(), "utf8");
}

const newest = async (query: string) =>
  (await send(stage.worker.issuer, `/api/v1/audit?${query}`, { token: admin.token })).body.data;

/** What the rows of the table say: whole ids and times, as the file has them. */
const rowsOf = (page: Page): Promise<string[][]> =>
  page.evaluate(`[...document.querySelectorAll("tbody tr")].map((row) => {
    const [action, outcome, time, about, by, number] = row.children;
    const named = (cell) => {
      if (cell.querySelector("code")) return cell.querySelector("code").title;
      return (cell.querySelector("a") ?? cell.querySelector(".whole") ?? cell).textContent.replace("no agent", "");
    };
    return [
      action.textContent, outcome.textContent, time.querySelector("time").dateTime, named(about), named(by),
      by.querySelector(".by > bdi").textContent, number.textContent, action.querySelector("a").href.split("/").at(-1),
    ];
  })`);

describe.skipIf(!hasBrowser)("by keyboard alone", () => {
  it("the log is followed live, an event is opened and its chain walked, and the log is verified and exported", async () => {
    const { issuer } = stage.worker;
    const { page, complaints } = await open("/");
    await page.locator("#menu").getByRole("link", { name: "Audit" }).press("Enter");
    await heading(page, "Audit");
    await page.getByRole("link", { name: "session.started" }).waitFor();

    await page.getByLabel("Follow live").press("Space");
    await page.getByText("No new event yet.").waitFor();
    const client = await newClient(issuer, admin.token, { owner: `${markup}${turned}` });
    await page.getByRole("link", { name: "agent.created" }).first().waitFor();
    await page.getByText(/^\d new events? at /).waitFor();
    expect((await requestToken(issuer, client)).status).toBe(200);
    await page.getByRole("link", { name: "token.issued" }).first().waitFor();

    const [event] = await newest("action=token.issued&limit=1");
    await page.getByLabel("Follow live").press("Space");
    await page.locator(`a[href$="${event.eventId}"]`).press("Enter");
    await heading(page, "token.issued");
    await page.getByText(event.hash, { exact: true }).waitFor();
    await page.getByText(event.previousHash, { exact: true }).waitFor();
    await page.getByText("computed anew here: it fits").waitFor();
    await page.getByText("its hash is the previous hash").waitFor();
    await page.getByRole("link", { name: new RegExp(`^${event.sequence - 1} `) }).press("Enter");
    await page.getByText(event.previousHash, { exact: true }).waitFor();
    expect(await page.getByText(event.hash, { exact: true }).count()).toBe(0);
    await page.getByRole("link", { name: new RegExp(`^${event.sequence} `) }).press("Enter");
    await page.getByText(event.hash, { exact: true }).waitFor();
    await page.goBack();
    await page.goBack();
    await page.goBack();
    await heading(page, "Audit");

    await tabOf(page, "Verify");
    await page.getByRole("button", { name: "Verify the whole log" }).press("Enter");
    await page.getByRole("heading", { name: "Intact" }).waitFor();

    await tabOf(page, "Checkpoints");
    await page.getByText("No checkpoint yet").waitFor();
    await page.getByRole("link", { name: "Export the log with its checkpoints" }).press("Enter");
    await page.getByLabel("Format").waitFor();
    const lines = (await downloaded(page, "Download")).trimEnd().split("\n");
    const parsed = lines.map((line) => JSON.parse(line));
    const events = parsed.filter(({ type }) => type === undefined);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(parsed.at(-1)).toMatchObject({ type: "end", details: { events: events.length, checkpoints: 1 } });
    await tabOf(page, "Checkpoints");
    await page.getByRole("link", { name: String(events.length), exact: true }).waitFor();
    await page.context().close();
    expect(complaints()).toEqual([]);
  });

  it("an agent is chosen by a part of its e-mail, and the file of the page is what the table shows", async () => {
    const { issuer } = stage.worker;
    const { agentId } = await newClient(issuer, admin.token, { email: "chosen-one@acme.example" });
    const { page, complaints } = await open("/audit");
    await page.getByLabel("About the agent").focus();
    await page.keyboard.type("chosen-o");
    await page.getByRole("button", { name: "chosen-one@acme.example" }).press("Enter");
    await page.waitForURL(`**/audit?agentId=${agentId}`);
    await page.getByLabel("Event", { exact: true }).selectOption("agent.created");
    await page.waitForURL("**/audit?agentId=*&action=agent.created");
    await expect.poll(async () => (await rowsOf(page)).length, { timeout: 20_000 }).toBe(1);
    await page.getByRole("button", { name: "Clear the filters" }).press("Enter");
    await page.getByRole("link", { name: "session.started" }).first().waitFor();
    const rows = await rowsOf(page);
    expect(rows.length).toBeGreaterThan(5);
    const [head, ...lines] = (await downloaded(page, "Download as CSV: the events that are shown"))
      .trimEnd()
      .split("\r\n");
    expect(head).toBe("Event,Outcome,Time,About,By,Address,Number,Event id");
    expect(lines).toEqual(rows.map((row) => row.join(",")));
    await page.context().close();
    expect(complaints()).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("events that a database should not have", () => {
  it("of another organization, of no one, and of ids that are none, are the 404 screen", async () => {
    const { body } = await send(stage.worker.issuer, "/api/v1/audit?limit=1", { token: operator.token });
    const { page } = await open("/audit");
    for (const id of [body.data[0].eventId, "0199f0c2-5a31-7c07-9f55-2d8f3c1b0001", "none"]) {
      await page.goto(`${stage.worker.issuer}/console/audit/${id}`);
      await heading(page, "Not found");
    }
    await page.context().close();
  });

  it("changed in the database: verifying names the first, and its markup is text in the list and on its page", async () => {
    const { worker } = stage;
    const changed = await newOrganization(worker.issuer, operator);
    const { body } = await send(worker.issuer, "/api/v1/audit?limit=1&order=asc", { token: changed.token });
    const [first] = body.data;
    const [name, details] = [`${markup}${turned}`, JSON.stringify({ note: `${markup}${turned}` })];
    await worker.query(
      "UPDATE audit_events SET action = ?, target = ?, details = ? WHERE event_id = ?",
      name,
      name,
      details,
      first.eventId,
    );
    const { page, complaints } = await open("/audit?tab=verify", changed);
    await page.getByRole("button", { name: "Verify the whole log" }).press("Enter");
    await page.getByRole("heading", { name: "Broken" }).waitFor();
    await page.getByRole("link", { name: first.eventId }).press("Enter");
    await heading(page, name);
    await page.getByText(`"note": "<img src=x onerror=\\"alert(1)\\">\\u202eabc"`).waitFor();
    await page.getByText("computed anew here: it does not fit").waitFor();
    await page.getByRole("link", { name: "All events with this target" }).press("Enter");
    await page.getByRole("link", { name }).waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    await page.context().close();
    expect(complaints()).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("with 100,000 events", () => {
  it("no screen asks for more than it shows, and back and forward keep filters and place", async () => {
    const { worker } = stage;
    const many = await newOrganization(worker.issuer, operator);
    const { body } = await send(worker.issuer, "/api/v1/audit?limit=1&order=asc", { token: many.token });
    // Before the first event, so that the end of the log stays where the ledger has it.
    await copyRow(stage, "audit_events", "event_id", body.data[0].eventId, 100_000, {
      event_id: manyId,
      sequence: "-n",
      action: "'agent.updated'",
      outcome: "CASE n % 2 WHEN 0 THEN 'success' ELSE 'failure' END",
    });
    const { page, complaints } = await open("/audit", many);
    const asked: URL[] = [];
    page.on("request", (request) => asked.push(new URL(request.url())));
    await page.getByLabel("Event", { exact: true }).selectOption("agent.updated");
    await page.waitForURL("**/audit?action=agent.updated");
    await page.getByLabel("Outcome").selectOption("failure");
    await page.waitForURL("**/audit?action=agent.updated&outcome=failure");
    const first = (number: number) => page.getByRole("cell", { name: String(number), exact: true }).waitFor();
    await first(-1);
    for (const number of [-101, -201]) {
      await page.getByRole("link", { name: "Next" }).press("Enter");
      await first(number);
    }
    await page.getByRole("link", { name: "agent.updated" }).first().press("Enter");
    await heading(page, "agent.updated");
    await page.goBack();
    await page.getByText("Page 3, 50 events").waitFor();
    await first(-201);
    await page.goBack();
    await first(-101);
    await page.goForward();
    await first(-201);
    await page.getByRole("link", { name: "Previous" }).press("Enter");
    await first(-101);
    expect(await page.getByLabel("Event", { exact: true }).inputValue()).toBe("agent.updated");
    expect(await page.getByLabel("Outcome").inputValue()).toBe("failure");
    expect(await page.locator("tbody tr").count()).toBe(50);

    await page.getByLabel("Follow live").press("Space");
    await page.getByText("No new event yet.").waitFor();
    await tabOf(page, "Checkpoints");
    await page.getByText("No checkpoint yet").waitFor();
    await page.locator("#menu").getByRole("link", { name: "Overview" }).press("Enter");
    await page.getByText("no refused client").waitFor();
    const lists = asked.filter(({ pathname }) => /^\/console\/api\/v1\/audit(\/checkpoints)?$/.test(pathname));
    const isOfFigure = ({ searchParams }: URL) => searchParams.get("action")?.startsWith("client.") === true;
    const limitsOf = (urls: readonly URL[]) => [
      ...new Set(urls.map(({ searchParams }) => Number(searchParams.get("limit")))),
    ];
    const limits = limitsOf(lists.filter((url) => !isOfFigure(url)));
    expect(Math.max(...limits)).toBe(50);
    expect(limits).not.toContain(0);
    expect(limitsOf(lists.filter(isOfFigure))).toEqual([100]);
    await page.context().close();
    expect(complaints()).toEqual([]);
  });
});
