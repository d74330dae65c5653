/** Tabs of the real console: signed in, and used by keyboard alone. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { newTab } from "../support/browser.ts";
import type { Client } from "../support/http-client.ts";
import type { Stage } from "./_console.ts";

/** A tab that is signed in and shows the screen. */
export async function openSignedIn(stage: Stage, client: Client, path: string) {
  const tab = await newTab(stage.browser, { viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const { page } = tab;
  await page.goto(`${stage.worker.issuer}/console${path}`);
  await page.getByLabel("Agent id").fill(client.clientId);
  await page.getByLabel("Client secret").fill(client.clientSecret);
  await page.keyboard.press("Enter");
  await page.locator("#menu").waitFor();
  const complaints = () => tab.complaints.filter((text) => !text.startsWith("Failed to load resource"));
  return { page, complaints };
}

export const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name }).waitFor();

/** The last button of the name: that of the open dialog, where one is open. */
export const press = (page: Page, name: string | RegExp, exact = true) =>
  page.getByRole("button", { name, exact }).last().press("Enter");

/** What the dialog shows once, in its order; neither Escape nor a click beside it loses it. */
export async function savedCodes(page: Page): Promise<string[]> {
  const codes = page.getByRole("dialog").locator(".secret code");
  await codes.last().waitFor();
  const texts = await codes.allTextContents();
  await page.keyboard.press("Escape");
  expect(await codes.last().isVisible()).toBe(true);
  await press(page, "I have saved it");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  return texts;
}

/** Everything of the page that could be read later. */
export const traces = (page: Page): Promise<string> =>
  page.evaluate(`JSON.stringify([
    location.href, history.state, document.documentElement.outerHTML,
    [...document.querySelectorAll("input")].map(({ value }) => value),
    Object.entries(localStorage), Object.entries(sessionStorage),
    performance.getEntriesByType("resource").map(({ name }) => name),
  ])`);
