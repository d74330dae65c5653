/** Whatever comes from outside, no label gets a value that was not there before. */
import { beforeAll, expect, it } from "vitest";
import { type LabelsOf, metrics } from "../../../src/platform/telemetry/catalogue.ts";
import { count } from "../../../src/platform/telemetry/recording.ts";
import { call, theOperator } from "../../support/api.ts";
import { read, type Scrape, scrape } from "./_scrape.ts";

/** It is in everything that is sent, so it must not be in what is counted. */
const marker = "zzhostilezz";

let routes: string[];
beforeAll(async () => {
  const { paths } = (await call("/openapi.json")).body;
  routes = [
    ...Object.keys(paths),
    "/",
    "/openapi.json",
    "/openapi-3.0.json",
    "/docs",
    "/reference",
    "/{page}",
    "/assets/{file}",
    "/console",
    "/console/*",
    "/errors",
    "/favicon.ico",
    "unmatched",
  ];
});

/** Label values that are in no set. */
function strangers({ samples }: Scrape): string[] {
  return Object.entries(metrics).flatMap(([name, definition]) => {
    const sets: Readonly<Record<string, "routes" | readonly string[]>> = definition.labels;
    const bounds = "buckets" in definition ? [...definition.buckets.map(String), "+Inf"] : [];
    return ["", "_bucket", "_sum", "_count"].flatMap((suffix) =>
      samples(`${name}${suffix}`).flatMap(({ labels = {} }) =>
        Object.entries(labels).flatMap(([label, value]) => {
          const set = label === "le" ? bounds : sets[label];
          const isKnown =
            label === "status" ? /^[1-5]\d\d$/.test(value) : (set === "routes" ? routes : (set ?? [])).includes(value);
          return isKnown ? [] : [`${name}${suffix} ${label}=${value}`];
        }),
      ),
    );
  });
}

/** How many series there are. */
const sizeOf = ({ text }: Scrape) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;

const hostile = [
  `${marker}"} 1\n${marker}{x="`,
  `${marker}\\`,
  `${marker}\u0000\u2028`,
  `../../${marker}`,
  `${marker}${"x".repeat(5000)}`,
  "__proto__",
  "constructor",
  "💥",
];

it("10,000 different paths are one", async () => {
  const before = await scrape();
  for (let from = 0; from < 10_000; from += 200) {
    const paths = Array.from({ length: 200 }, (_, n) => `/${marker}/${from + n}`);
    await Promise.all(paths.map((path) => call(path)));
  }
  const after = await scrape();
  expect(strangers(after)).toEqual([]);
  const labels = { method: "GET", route: "unmatched", status: "404" };
  const name = "agentidp_http_requests_total";
  expect(after.value(name, labels) - before.value(name, labels)).toBe(10_000);
  // The one series of the paths, that of the scrape before, and the durations of both.
  expect(sizeOf(after) - sizeOf(before)).toBeLessThanOrEqual(2 + 2 * 14);
}, 120_000);

it("the user agents of the project's own clients are named, and every other one is `other`", async () => {
  const named = {
    rust: ["sentryagent-idp-rust/0.1.0 (rustc/1.91.0; linux)"],
    typescript: ["sentryagent-idp-typescript/1.2.3-beta.1 (node/24.1.0; darwin) acme-app/2"],
    python: ["sentryagent-idp-python/1.0.0"],
    go: ["sentryagent-idp-go/1.0.0 (go/1.24; linux)"],
    java: ["sentryagent-idp-java/1.0.0 (openjdk/21; linux)"],
    cli: ["sentryagent-cli/1.0.0 (linux)", "sentryagent-idp-rust/1.0.0 (rustc/1.91.0; linux) sentryagent-cli/1.0.0"],
    action: ["sentryagent-action/1", "sentryagent-idp-typescript/1.0.0 (node/24.1.0; linux) sentryagent-action/1.0.0"],
    console: ["sentryagent-console/1.0.0"],
    other: [
      "",
      "curl/8.9.1",
      "Mozilla/5.0 (X11; Linux x86_64)",
      "sentryagent-idp-cobol/1.0.0",
      "sentryagent-idp-cli/1.0.0",
      "sentryagent-idp-rust",
      "Sentryagent-Idp-Rust/1.0.0",
      "x sentryagent-idp-rust/1.0.0",
      "xsentryagent-cli/1.0.0",
      "__proto__",
      `${marker} ${"sentryagent-".repeat(400)}`,
    ],
  };
  const before = await scrape();
  for (const userAgent of Object.values(named).flat()) await call("/health", { headers: { "User-Agent": userAgent } });
  const after = await scrape();
  const counted = Object.keys(named).map((client) => {
    const [is, was] = [after, before].map(({ value }) => value("agentidp_client_requests_total", { client }));
    return [client, is! - was!];
  });
  // The scrape before is the twelfth other request.
  expect(Object.fromEntries(counted)).toEqual({
    rust: 1,
    typescript: 1,
    python: 1,
    go: 1,
    java: 1,
    cli: 2,
    action: 2,
    console: 1,
    other: 12,
  });
  expect(strangers(after)).toEqual([]);
});

it("counts the pages for browsers by area, and no file of them", async () => {
  const before = await scrape();
  const pages = ["/quick-start", "/pricing", "/console", "/console/agents/x", "/docs", "/reference"];
  for (const path of [...pages, "/quick-start.md", "/assets/none.js", "/nowhere"]) await call(path);
  const after = await scrape();
  for (const area of ["portal", "console", "reference"]) {
    const [is, was] = [after, before].map(({ value }) => value("agentidp_web_pages_total", { area }));
    expect([area, is! - was!]).toEqual([area, 2]);
  }
  expect(strangers(after)).toEqual([]);
});

it("odd methods, paths, ids, queries, headers and grant types leave no trace", async () => {
  const { token } = await theOperator();
  for (const method of ["PROPFIND", "MKCOL", "SEARCH", "LOCK", "PURGE", "TRACE"]) {
    await call("/health", { method }).catch(() => undefined);
    await call(`/${marker}`, { method }).catch(() => undefined);
  }
  for (const text of hostile) {
    const part = encodeURIComponent(text);
    await call(`/api/v1/agents/${part}`, { token });
    await call(`/api/v1/${part}`, { token });
    await call(`/${part}/did.json?${part}=${part}`, {
      headers: { Accept: marker, Origin: `https://${marker}.example` },
    });
    await call(`/metrics?${part}`, { headers: { Accept: `${marker}/*;q=0.1` } });
    await call("/api/v1/token", { form: { grant_type: text, client_id: marker, client_secret: marker } });
    await call("/api/v1/token", { form: { grant_type: "client_credentials", client_id: text, client_secret: text } });
    await call("/api/v1/token", { form: { grant_type: "client_credentials", scope: text, resource: text } });
    await call("/api/v1/agents", { token, json: { [text]: text, email: text } });
    await call(`/api/v1/agents?agentType=${part}&cursor=${part}`, { token });
  }
  const after = await scrape();
  expect(strangers(after)).toEqual([]);
  expect(after.text).not.toMatch(new RegExp(`${marker}|__proto__|constructor|💥`));
  expect(after.value("agentidp_tokens_issued_total", { grant: "unsupported", outcome: "unsupported_grant_type" })).toBe(
    hostile.length,
  );
  expect(after.samples("agentidp_http_requests_total").some(({ labels }) => labels?.method === "other")).toBe(true);
});

it("even a caller inside the code that breaks the types adds nothing", async () => {
  count("agentidp_delegations_total", { action: marker } as unknown as LabelsOf<"agentidp_delegations_total">);
  const { text } = await call("/metrics");
  expect(text).not.toContain(marker);
  expect(read(text).value("agentidp_delegations_total", { action: "other" })).toBe(1);
});

it("the routes are those of the API reference", async () => {
  const { samples } = await scrape();
  const seen = samples("agentidp_http_requests_total").map(({ labels }) => labels?.route);
  expect(routes).toEqual(expect.arrayContaining(seen));
  expect(seen).toContain("/api/v1/agents/{agentId}");
});
