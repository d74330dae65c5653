/** Scripts of another origin in a real browser: they read what needs no token, and nothing else, for every operation of the document. */
import { beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, newSite, newTab, type Site, startBrowser } from "../support/browser.ts";
import { type Body, send, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

/** A request of a script, and what the script gets: the status and the beginning of the text; or why it gets nothing. */
interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: string;
}

describe.skipIf(!hasBrowser)("a script of another origin", () => {
  let worker: WorkerProcess;
  let site: Site;
  let token: string;
  let run: (attempts: readonly Attempt[]) => Promise<string[]>;

  beforeAll(async () => {
    const browser = await startBrowser();
    [worker, site] = [await newWorkerProcess(), await newSite()];
    await worker.start();
    token = (await setUp(worker.issuer)).token;
    site.answers.set("/", { body: "<!doctype html><title>Another site</title>" });
    const { page } = await newTab(browser);
    await page.goto(`${site.origin}/`);
    run = (attempts) =>
      page.evaluate(
        async ({ issuer, attempts }) => {
          const one = async ({ method, path, headers, form }: Attempt) => {
            try {
              const body = form === undefined ? null : new URLSearchParams(form);
              const response = await fetch(`${issuer}${path}`, { method, headers: headers ?? {}, body });
              return `${response.status} ${(await response.text()).slice(0, 20)}`;
            } catch (error) {
              return String(error);
            }
          };
          const outcomes: string[] = [];
          for (const attempt of attempts) outcomes.push(await one(attempt));
          return outcomes;
        },
        { issuer: worker.issuer, attempts },
      );
    return async () => {
      await browser.close();
      await site.close();
      await worker.stop();
    };
  });

  const unreadable = "TypeError: Failed to fetch";
  const documents = ["/openapi.json", "/openapi-3.0.json", "/api/v1/tiers", "/api/v1/marketplace/agents", "/health"];

  it("reads public documents, also with the headers of a repeated or conditional request", async () => {
    const outcomes = await run(
      documents.flatMap((path) => [
        { method: "GET", path },
        { method: "GET", path, headers: { "If-None-Match": '"none"', "X-Retry-Count": "1", "X-Request-Id": "a" } },
      ]),
    );
    expect(outcomes.map((outcome) => outcome.slice(0, 5))).toEqual(Array(10).fill("200 {"));
  });

  it("reads no public document with a token: the browser does not send it", async () => {
    const headers = { Authorization: `Bearer ${token}` };
    const outcomes = await run(documents.map((path) => ({ method: "GET", path, headers })));
    expect(outcomes).toEqual(Array(5).fill(unreadable));
  });

  it("reads no answer of an operation that takes a token: with it, without it, and as a form", async () => {
    const { body } = await send(worker.issuer, "/openapi.json");
    const guarded = Object.entries<Body>(body.paths).flatMap(([path, item]) =>
      Object.entries<Body>(item)
        .filter(([, { security }]) => security.some((way: Body) => "bearer" in way || "clientSecretBasic" in way))
        .map(([method, { security }]) => ({
          method: method.toUpperCase(),
          path: path.replace(/\{(\w+)\}/g, (_, name) =>
            name === "slug" ? "acme" : "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
          ),
          isOptional: security.some((way: Body) => Object.keys(way).length === 0),
        })),
    );
    expect(guarded.length).toBeGreaterThan(70);
    const others = ["/metrics", "/health/detailed"].map((path) => ({ method: "GET", path, isOptional: false }));
    const attempts = [...guarded, ...others].flatMap(({ method, path, isOptional }): Attempt[] => [
      { method, path, headers: { Authorization: `Bearer ${token}` } },
      // What a card or a badge of a public agent shows needs no token.
      ...(isOptional && method === "GET" ? [] : [{ method, path }]),
      ...(method === "POST" ? [{ method, path, form: "grant_type=client_credentials" }] : []),
    ]);
    const outcomes = await run(attempts);
    const read = attempts.flatMap(({ method, path }, index) =>
      outcomes[index] === unreadable ? [] : [`${method} ${path}: ${outcomes[index]}`],
    );
    expect(read).toEqual([]);
    // The token is good: outside a browser it reads.
    expect((await send(worker.issuer, "/api/v1/agents", { token })).status).toBe(200);
  });
});
