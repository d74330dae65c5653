/** The figures of Analytics, recounted: what a screen shows equals what the API answers, as a table, as a file, and by keyboard. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, picture } from "../support/browser.ts";
import { type Admin, newOrganization, send, setUp } from "../support/http-client.ts";
import { newStage } from "./_console.ts";
import { openSignedIn } from "./_signed-in.ts";

const stage = newStage();
let admin: Admin;

/** The day so many days ago, in UTC. */
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  if (!hasBrowser) return;
  const { worker } = stage;
  admin = await newOrganization(worker.issuer, await setUp(worker.issuer));
  const { organizationId } = admin;
  // Each hour of each day has a number of its own, so that no two cells can be taken for each other.
  const hours = Array.from({ length: 29 * 24 }, (_, at) => ({
    day: day(1 + Math.floor(at / 24)),
    hour: at % 24,
    count: 1 + ((at * 7919) % 10_007),
  }));
  await worker.query(
    `INSERT INTO tokens_by_hour (organization_id, day, hour, count)
     SELECT ?, value ->> 'day', value ->> 'hour', value ->> 'count' FROM json_each(?)`,
    organizationId,
    JSON.stringify(hours),
  );
  const routes = ["/api/v1/agents", "/api/v1/audit", "=cmd()", 'a "quoted", route'].flatMap((route, at) =>
    ["2xx", "4xx", "5xx"].map((statusClass, index) => ({ route, statusClass, count: 1000 * (at + 1) + index })),
  );
  await worker.query(
    `INSERT INTO calls_by_route (organization_id, day, route, status_class, count)
     SELECT ?, ?, value ->> 'route', value ->> 'statusClass', value ->> 'count' FROM json_each(?)`,
    organizationId,
    day(1),
    JSON.stringify(routes),
  );
});

interface Answer {
  readonly data: readonly Record<string, unknown>[];
  readonly credentialsByAge?: readonly { readonly count: number }[];
}

const read = async (path: string): Promise<Answer> =>
  (await send(stage.worker.issuer, `/api/v1/analytics/${path}`, { token: admin.token })).body as Answer;

/** Numbers as the browser of the test writes them. */
const text = (count: unknown) => Number(count).toLocaleString("en-US");

/** The cells of the rows below the head, as a screen reader reads them. */
async function rowsOf(page: Page, name: string): Promise<string[][]> {
  const rows = page.getByRole("table", { name }).locator("tbody tr");
  return rows.evaluateAll((all) =>
    all.map((row) => [...row.children].map((cell) => (cell as { textContent: string | null }).textContent ?? "")),
  );
}

async function csvOf(page: Page): Promise<string[]> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page
      .getByRole("button", { name: /^CSV|CSV$|Download as CSV/ })
      .last()
      .press("Enter"),
  ]);
  return (await readFile(await download.path(), "utf8")).split("\r\n").filter((line) => line !== "");
}

/** The place of an hour among the 168, from Monday on. */
const placeOf = (time: Date) => ((time.getUTCDay() + 6) % 7) * 24 + time.getUTCHours();

const openTable = (page: Page) => page.getByText("The numbers as a table").last().press("Enter");

describe.skipIf(!hasBrowser)("figures of Analytics", () => {
  it("the 168 cells of the heatmap are the API's, the arrow keys move in it, and forced colors leave it legible", async () => {
    const began = new Date();
    const { page, complaints } = await openSignedIn(stage, admin, "/analytics?tab=activity");
    const cells = page.getByRole("grid").locator("tbody td");
    await cells.last().waitFor();
    const { data } = await read("agents/activity");
    // From Monday on; the API counts from Sunday on, and leaves out what is zero.
    const expected = Array.from({ length: 168 }, (_, at) => {
      const dow = (Math.floor(at / 24) + 1) % 7;
      return text(data.find((one) => one.dow === dow && one.hour === at % 24)?.count ?? 0);
    });
    expect(expected.filter((count) => count !== "0").length).toBeGreaterThan(160);
    const shown = await cells.allTextContents();
    // The calls of the test itself count in the present hour, also between the two readings.
    const present = [placeOf(began), placeOf(new Date())];
    const settled = (counts: readonly string[]) => counts.filter((_, at) => !present.includes(at));
    expect(shown).toHaveLength(168);
    expect(settled(shown)).toEqual(settled(expected));
    const csv = await csvOf(page);
    expect(csv.slice(1).flatMap((line) => line.split(",").slice(1))).toEqual(
      shown.map((count) => count.replaceAll(",", "")),
    );

    await cells.first().focus();
    for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft"])
      await page.keyboard.press(key);
    const place = () => page.evaluate("document.activeElement.dataset.place");
    expect(await place()).toBe("0 1");
    await page.keyboard.press("End");
    expect(await place()).toBe("0 23");
    // One stop of the tab key for the whole of it.
    expect(await page.getByRole("grid").locator("td[tabindex='0']").count()).toBe(1);

    await page.emulateMedia({ forcedColors: "active" });
    const seen = (await page.evaluate(`(() => {
      const cell = document.activeElement;
      const { color, backgroundColor, outlineStyle } = getComputedStyle(cell);
      return { color, backgroundColor, outlineStyle, text: cell.textContent };
    })()`)) as Record<string, string>;
    expect(seen.color).not.toBe(seen.backgroundColor);
    expect(seen.outlineStyle).not.toBe("none");
    expect(seen.text).toBe(shown[23]);
    expect(complaints()).toEqual([]);
  });

  it("tokens by day are the API's, in the table below the chart and in the file", async () => {
    const { page } = await openSignedIn(stage, admin, "/analytics?days=7");
    await page.getByRole("heading", { name: "Issued tokens" }).waitFor();
    await openTable(page);
    const { data } = await read("tokens?days=7");
    expect(data).toHaveLength(7);
    expect(await rowsOf(page, "Tokens by day")).toEqual(data.map(({ date, count }) => [date, text(count)]));
    expect((await csvOf(page)).slice(1)).toEqual(data.map(({ date, count }) => `${date},${count}`));
  });

  it("calls by route are the API's, whatever the name of a route", async () => {
    const { page } = await openSignedIn(stage, admin, "/analytics?tab=calls&days=7");
    await page.getByRole("heading", { name: "Calls by route" }).waitFor();
    await openTable(page);
    const shown = await rowsOf(page, "Calls by route and class of the answer");
    for (const route of ["=cmd()", 'a "quoted", route', "/api/v1/audit"]) {
      const { data } = await read("calls?days=7");
      const of = (name: string) => data.find((one) => one.route === route && one.statusClass === name)?.count ?? 0;
      const counts = ["2xx", "3xx", "4xx", "5xx"].map((name) => Number(of(name)));
      // The console's own calls count too: those of this page may have been counted since.
      if (route !== "/api/v1/audit") counts.push(counts.reduce((sum, count) => sum + count, 0));
      expect(shown.find(([name]) => name === route)?.slice(1, counts.length + 1)).toEqual(counts.map(text));
    }
    const csv = await csvOf(page);
    expect(csv.some((line) => line.startsWith("'=cmd(),"))).toBe(true);
    expect(csv.some((line) => line.startsWith('"a ""quoted"", route",'))).toBe(true);
  });

  it("the ages of credentials are the API's", async () => {
    const { page } = await openSignedIn(stage, admin, "/analytics?tab=credentials");
    await page.getByRole("heading", { name: /^Age of active credentials/ }).waitFor();
    await page.getByText("The numbers as a table").first().press("Enter");
    const { credentialsByAge = [] } = await read("credentials/rotations");
    expect((await rowsOf(page, "Active credentials by age")).map(([, count]) => count)).toEqual(
      credentialsByAge.map(({ count }) => text(count)),
    );
  });

  it("the rotations by day and the tokens by agent are the API's, in the table and in the file", async () => {
    const rotate = `/api/v1/agents/${admin.agentId}/credentials`;
    const made = await send(stage.worker.issuer, rotate, { token: admin.token, json: {} });
    expect(made.status, made.text).toBe(201);
    const rotated = await send(stage.worker.issuer, `${rotate}/${made.body.credentialId}/rotate`, {
      token: admin.token,
      json: {},
    });
    expect(rotated.status, rotated.text).toBe(200);
    const { page, complaints } = await openSignedIn(stage, admin, "/analytics?tab=credentials&days=7");
    await page.getByRole("heading", { name: "Rotations" }).waitFor();
    await openTable(page);
    const { data } = await read("credentials/rotations?days=7");
    expect(data.reduce((sum, { count }) => sum + Number(count), 0)).toBe(1);
    expect(await rowsOf(page, "Rotations by day")).toEqual(data.map(({ date, count }) => [date, text(count)]));
    expect((await csvOf(page)).slice(1)).toEqual(data.map(({ date, count }) => `${date},${count}`));

    await page.getByRole("link", { name: "Agents" }).last().press("Enter");
    await page.getByRole("heading", { name: /^Tokens by agent/ }).waitFor();
    const agents = (await read("agents")).data;
    expect(agents.length).toBeGreaterThan(0);
    const shown = await rowsOf(page, "Tokens by agent");
    expect(shown.map(([, count]) => count)).toEqual(agents.map(({ tokenCount }) => text(tokenCount)));
    expect((await csvOf(page)).slice(1)).toEqual(agents.map(({ agentId, tokenCount }) => `${agentId},${tokenCount}`));
    expect(complaints()).toEqual([]);
  });

  it("under forced colors a chart keeps its bars and its numbers, and the focus is seen", async () => {
    const { page } = await openSignedIn(stage, admin, "/analytics?days=7");
    await page.emulateMedia({ forcedColors: "active" });
    await page.locator(".chart .recharts-bar-rectangle path").first().waitFor();
    const summary = page.getByText("The numbers as a table").last();
    await summary.focus();
    await page.keyboard.press("Enter");
    await picture(page, "figures-forced-colors");
    const seen = (await page.evaluate(`(() => {
      const of = (element) => getComputedStyle(element);
      const ground = of(document.body).backgroundColor;
      return {
        bar: of(document.querySelector(".chart .recharts-bar-rectangle path")).fill !== ground,
        number: of(document.querySelector(".chart svg text")).fill !== ground,
        cell: of(document.querySelector(".numbers td")).color !== ground,
        focus: of(document.activeElement).outlineStyle !== "none",
      };
    })()`)) as Record<string, boolean>;
    expect(seen).toEqual({ bar: true, number: true, cell: true, focus: true });
  });
});
