/** A follower of the audit log: when it asks, what it shows, and how much it holds. The clock of the page is held still. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { event } from "./_agents.ts";
import { type Asked, idOf, refusals } from "./_answers.ts";
import { newStage, openScreen } from "./_console.ts";

const stage = newStage();

/** On a busy machine the browser needs longer than the second that polls wait by themselves. */
const soon = { timeout: 20_000 };

/** A log that grows: what is asked of it, and the answers of the service. */
function newLog(size: number) {
  const state = { size, isDown: false };
  const asked: URLSearchParams[] = [];
  const eventsBetween = (first: number, last: number) =>
    Array.from({ length: Math.max(0, last - first + 1) }, (_, at) =>
      event(first + at, { eventId: `0199f0c2-5a31-7c07-9f55-${String(first + at).padStart(12, "0")}` }),
    );
  const answer = ({ query }: Asked) => {
    asked.push(query);
    if (state.isDown) return refusals.error;
    const limit = Number(query.get("limit"));
    const agents = { [idOf(7)]: { email: "screener@acme.example" } };
    if (query.get("order") !== "asc") {
      const data = eventsBetween(Math.max(1, state.size - limit + 1), state.size).reverse();
      return { data, nextCursor: state.size > limit ? "next" : null, agents };
    }
    const after = Number(query.get("afterSequence"));
    const data = eventsBetween(after + 1, Math.min(state.size, after + limit));
    const last = data.at(-1)?.sequence ?? state.size;
    return { data, nextCursor: last < state.size ? "next" : null, nextAfterSequence: last, agents, missing: [] };
  };
  return { state, asked, answers: { "GET /audit": answer } };
}

type Log = ReturnType<typeof newLog>;

/** Opens the list and follows it; the first question is answered. */
async function followed(log: Log) {
  const opened = await openScreen(stage, { path: "/audit", title: "Audit", answers: log.answers });
  const { page } = opened;
  await page.getByText("First page, 50 events").waitFor();
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.getByLabel("Follow live").press("Space");
  await page.getByText("No new event yet.").waitFor();
  await page.clock.runFor(100);
  await expect.poll(() => log.asked.length, soon).toBe(2);
  return opened;
}

/** Lets the time of the page go on until the log is asked once more. */
async function nextQuestion(page: Page, log: Log): Promise<void> {
  const before = log.asked.length;
  for (let second = 0; second < 60 && log.asked.length === before; second++) {
    await page.clock.runFor(1000);
    // The question goes through the network of the browser.
    await page.evaluate("fetch(location.pathname, { method: 'HEAD' }).catch(() => null)");
  }
  expect(log.asked.length).toBe(before + 1);
}

const firstRow = (page: Page) => page.locator("tbody tr").first().locator("td").last().innerText();

/** Lets the time of the page go on until the first row is this event. */
const untilFirst = (page: Page, number: string) =>
  expect
    .poll(async () => {
      await page.clock.runFor(100);
      return firstRow(page);
    }, soon)
    .toBe(number);

const setVisibility = (page: Page, state: "hidden" | "visible") =>
  page.evaluate(`
    Object.defineProperty(document, "visibilityState", { configurable: true, value: "${state}" });
    document.dispatchEvent(new Event("visibilitychange"));
  `);

describe.skipIf(!hasBrowser)("a followed audit log", () => {
  it("asks after the newest event for no more than a page, and shows what is new at the top", async () => {
    const log = newLog(100);
    const { page, complaints } = await followed(log);
    log.state.size += 2;
    await nextQuestion(page, log);
    await page.getByText(/^2 new events at /).waitFor();
    expect(await firstRow(page)).toBe("102");
    expect(log.asked.slice(1).map((query) => Object.fromEntries(query))).toEqual([
      { order: "asc", afterSequence: "100", limit: "50" },
      { order: "asc", afterSequence: "100", limit: "50" },
    ]);
    expect(new URL(page.url()).search).toBe("?live=on");
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  it("keeps new events back while the reader is further down or in the list, and shows them on request", async () => {
    const log = newLog(100);
    const { page, complaints } = await followed(log);
    await page.mouse.move(700, 500);
    await page.mouse.wheel(0, 2000);
    await page.waitForFunction("scrollY > 800");
    log.state.size += 3;
    await nextQuestion(page, log);
    const show = page.getByRole("button", { name: "3 new events" });
    await show.waitFor();
    expect(await firstRow(page)).toBe("100");
    await show.press("Enter");
    await expect.poll(() => firstRow(page), soon).toBe("103");
    expect(await page.evaluate("scrollY")).toBeLessThan(800);

    await page.locator("tbody a").first().focus();
    log.state.size += 1;
    await nextQuestion(page, log);
    await page.getByRole("button", { name: "1 new event", exact: true }).press("Enter");
    await expect.poll(() => firstRow(page), soon).toBe("104");
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  it("asks nothing while its tab is hidden or nobody is there, and catches up afterwards", async () => {
    const log = newLog(100);
    const { page, complaints } = await followed(log);
    await setVisibility(page, "hidden");
    const before = log.asked.length;
    await page.clock.runFor(10 * 60_000);
    expect(log.asked.length).toBe(before);
    log.state.size += 60;
    await setVisibility(page, "visible");
    await page.clock.runFor(100);
    await expect.poll(() => log.asked.length, soon).toBe(before + 1);
    await untilFirst(page, "160");

    await page.clock.runFor(16 * 60_000);
    await page.getByText("Stopped after 15 minutes without a key or the pointer.").waitFor();
    const left = log.asked.length;
    await page.clock.runFor(10 * 60_000);
    expect(log.asked.length).toBe(left);
    log.state.size += 1;
    await page.keyboard.press("Shift");
    await untilFirst(page, "161");
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  it("begins anew with the newest when more came than it can show, and holds no more than 200", async () => {
    const log = newLog(100);
    const { page, complaints } = await followed(log);
    log.state.size += 190;
    await page.clock.runFor(6000);
    await untilFirst(page, "290");
    await page.getByText("Following; the newest 200 stay.").waitFor();
    expect(await page.locator("tbody tr").count()).toBe(200);
    log.state.size += 100_000;
    const before = log.asked.length;
    await page.clock.runFor(6000);
    await untilFirst(page, "100290");
    await page.getByText("Over 200 events came at once: the list begins anew with the newest.").waitFor();
    expect(log.asked.length - before).toBeLessThan(8);
    expect(Math.max(...log.asked.map((query) => Number(query.get("limit"))))).toBe(50);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  it("says that it cannot ask, keeps the list, and goes on by itself", async () => {
    const log = newLog(100);
    const { page } = await followed(log);
    log.state.isDown = true;
    await nextQuestion(page, log);
    await page.getByText("This is from before").waitFor();
    expect(await firstRow(page)).toBe("100");
    log.state.isDown = false;
    log.state.size += 1;
    await nextQuestion(page, log);
    await expect.poll(() => firstRow(page), soon).toBe("101");
    expect(await page.getByText("This is from before").count()).toBe(0);
    await page.context().close();
  });
});
