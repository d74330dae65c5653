/** Where the console is tested: the built Worker, a browser, and screens in each of their states. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectAccessible, expectContrast, hasBrowser, newTab, picture, startBrowser } from "../support/browser.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { type Answers, answerTo, refusals, requestId, session } from "./_answers.ts";

export interface Stage {
  readonly worker: WorkerProcess;
  readonly browser: Browser;
}

/**
 * For a test file: the Worker and the browser, before its tests and until their end.
 *
 * @param settings of the Worker, beside the defaults
 */
export function newStage(settings: () => Promise<Readonly<Record<string, string>>> = async () => ({})): Stage {
  let worker: WorkerProcess;
  let browser: Browser;
  beforeAll(async () => {
    if (!hasBrowser) return;
    [worker, browser] = [await newWorkerProcess(await settings()), await startBrowser()];
    await worker.start();
  });
  afterAll(async () => {
    await browser?.close();
    await worker?.stop();
  });
  return {
    get worker() {
      return worker;
    },
    get browser() {
      return browser;
    },
  };
}

export type State = "filled" | "empty" | "loading" | "error" | "forbidden" | "overLimit";

export interface Screen {
  /** Below `/console`: `/agents?status=active` */
  readonly path: string;
  /** The one heading of the first level */
  readonly title: string;
  /** What the calls of the screen get when all is well */
  readonly answers: Answers;
  /** Those that differ when there is nothing yet */
  readonly empty?: Answers;
  /** The scope of the menu's entry: the forbidden state is a session without it. Else the calls are refused. */
  readonly needs?: string;
  /** A text that each state must show; the defaults are those of the kit. */
  readonly shows?: Partial<Record<State, string | RegExp>>;
  /** States that the screen does not have, since nothing of it is read */
  readonly without?: readonly State[];
  /** Opens what the state is to be looked at with: a dialog, a tab. */
  readonly prepare?: (page: Page, state: State) => Promise<void>;
}

const shownByDefault: Partial<Record<State, string | RegExp>> = {
  error: "An unexpected error.",
  forbidden: /scope|role/,
  overLimit: "A limit is reached",
};

export interface OpenedScreen {
  readonly page: Page;
  /** What a browser complains about: exceptions, violations of the policy, dialogs, requests to other origins */
  readonly complaints: readonly string[];
  /** Calls without an answer of the test */
  readonly unanswered: readonly string[];
}

/** Opens a screen in a state, with the answers of the test in place of the service's. */
export async function openScreen(stage: Stage, screen: Screen, state: State = "filled"): Promise<OpenedScreen> {
  const { page, complaints } = await newTab(stage.browser, { viewport: { width: 1280, height: 800 } });
  const unanswered: string[] = [];
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(stage.worker.issuer))
      foreign.push(request.url());
  });
  const scopes = state === "forbidden" && screen.needs !== undefined ? { scopes: [] } : {};
  const answers: Answers = {
    "GET /console/session": session(scopes),
    ...screen.answers,
    ...(state === "empty" ? screen.empty : {}),
  };
  await page.route(`${stage.worker.issuer}/console/**`, async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (!/^\/console\/(api|sessions?)(\/|$)/.test(url.pathname)) return route.fallback();
    const isSession = url.pathname === "/console/session";
    if (state === "loading" && !isSession) return;
    const isRefused = !isSession && (state === "error" || state === "forbidden" || state === "overLimit");
    const answer = isRefused
      ? refusals[state]
      : answerTo(answers, request.method(), url, { body: request.postDataJSON(), headers: request.headers() });
    if (answer === null) unanswered.push(`${request.method()} ${url.pathname}`);
    const { status, body } = answer ?? refusals.notFound;
    await route.fulfill({
      status,
      headers: { "Content-Type": "application/json", "X-Request-Id": requestId, ETag: '"1"' },
      body: status === 204 ? "" : JSON.stringify(body),
    });
  });
  await page.goto(`${stage.worker.issuer}/console${screen.path}`);
  return {
    page,
    unanswered,
    // The browser logs each refusal, which is what the test has asked for.
    get complaints() {
      return [...complaints.filter((text) => !text.startsWith("Failed to load resource")), ...foreign];
    },
  };
}

const widths = [1280, 320];
const themes = ["light", "dark"] as const;

/** What a keyboard can reach and what does not look different then: the outline of the element, or of the label that is drawn for it. */
const withoutVisibleFocus = `
  [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((element) => element.checkVisibility() && !element.matches(":disabled") && !element.closest("[inert]"))
    .filter((element) => {
      // A click gave it the focus, which then does not show; the same element gets it anew only after losing it.
      element.blur();
      element.focus({ focusVisible: true, preventScroll: true });
      const drawn = [element, element.nextElementSibling].filter((one) => one !== null);
      return document.activeElement === element && drawn.every((one) => getComputedStyle(one).outlineStyle === "none");
    })
    .map((element) => element.outerHTML.slice(0, 200))
`;

async function expectNoSidewaysScroll(page: Page, width: number): Promise<void> {
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(overflow, `${width} px: the page scrolls sideways`).toBeLessThanOrEqual(0);
}

/** Fails for a page that scrolls sideways, for a wrong title, and for each rule of axe, at each width and in each theme. */
async function expectShown(page: Page, screen: Screen, name: string): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: width < 500 ? 640 : 800 });
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await picture(page, `${name}-${width}-${colorScheme}`);
      // Nothing but the colors depends on the theme.
      if (colorScheme === "light") await expectAccessible(page.mainFrame());
      else await expectContrast(page.mainFrame());
    }
    expect(await page.evaluate(withoutVisibleFocus), `${width} px: the focus does not show`).toEqual([]);
    await expectNoSidewaysScroll(page, width);
  }
  // As on a tablet, where tables have all their columns and the least room for them.
  await page.setViewportSize({ width: 768, height: 1024 });
  await picture(page, `${name}-768`);
  await expectNoSidewaysScroll(page, 768);
  expect(await page.title()).toBe(`${screen.title} · SentryAgent`);
  expect(await page.locator("h1").allTextContents()).toEqual([screen.title]);
}

async function expectState(stage: Stage, screen: Screen, state: State): Promise<void> {
  const opened = await openScreen(stage, screen, state);
  const { page } = opened;
  await page.locator("h1").waitFor();
  const shown = screen.shows?.[state] ?? shownByDefault[state];
  if (state === "loading") await page.locator('[aria-busy="true"]').first().waitFor();
  else await page.locator('main [aria-busy="true"]').first().waitFor({ state: "detached" });
  if (shown !== undefined) await page.locator("main").getByText(shown).first().waitFor();
  await screen.prepare?.(page, state);
  await expectShown(page, screen, `${screen.path.replace(/\W+/g, "-").slice(1) || "overview"}-${state}`);
  expect(opened.complaints).toEqual([]);
  expect(opened.unanswered).toEqual([]);
  await page.context().close();
}

/**
 * Opens a screen in each of its states: at 320 and 1280 px, light and dark, axe finds no violation, the page does not scroll
 * sideways, title and heading are right, and the browser complains of nothing. With SCREENSHOTS set to a folder, pictures go there.
 *
 * @example
 * ```ts
 * const stage = newStage();
 * expectEveryState(stage, {
 *   path: "/agents",
 *   title: "Agents",
 *   needs: "agents:read",
 *   answers: { "GET /agents": { data: [agent()], nextCursor: null } },
 *   empty: { "GET /agents": { data: [], nextCursor: null } },
 *   shows: { empty: "No agents yet" },
 * });
 * ```
 */
export function expectEveryState(stage: Stage, screen: Screen): void {
  const states: readonly State[] = ["filled", "empty", "loading", "error", "forbidden", "overLimit"];
  const own = states.filter((state) => !screen.without?.includes(state) && (state !== "empty" || screen.empty));
  describe.skipIf(!hasBrowser)(`${screen.title} (${screen.path})`, () => {
    it.each(own)("is accessible and whole when it is %s", (state) => expectState(stage, screen, state));
  });
}
