/** The two controls that call the service from within, against a service that answers as it should not. */
import { createExecutionContext } from "cloudflare:test";
import { beforeAll, expect, it, vi } from "vitest";
import { measureControls } from "../../../src/assurance/controls/service.ts";
import { contextOf } from "../../../src/platform/context.ts";
import type { CallApp } from "../../../src/platform/scheduled.ts";
import worker from "../../../src/worker.ts";
import { theOperator } from "../../support/api.ts";
import { bindings, control, later, minute } from "./_cron.ts";

const https = { ISSUER: "https://idp.example.com", ENVIRONMENT: "production" };

const intact: CallApp = async (context, request) => worker.fetch(request, context.env, createExecutionContext());

/** A control as measured against this service, a few minutes later. */
async function against(callApp: CallApp, id: string) {
  later(3 * minute);
  const run = { requestId: "r", source: { ip: "", userAgent: "cron" } };
  const context = contextOf(
    { ...bindings, ...https },
    run,
    () => {},
    async () => {},
  );
  await measureControls(context, { callApp, queriesLeft: () => Number.POSITIVE_INFINITY });
  return control(id);
}

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await theOperator();
  return () => vi.useRealTimers();
});

const forged: string[] = [];

it.each<[string, CallApp, string]>([
  [
    "without a token",
    async (context, request) => (request.headers.has("Authorization") ? intact(context, request) : new Response("{}")),
    "4 of 12 calls without valid access accepted",
  ],
  [
    "with a token",
    async (context, request) => {
      const authorization = request.headers.get("Authorization");
      if (!authorization) return intact(context, request);
      forged.push(authorization);
      return new Response("{}");
    },
    "8 of 12 calls without valid access accepted",
  ],
  [
    "to another answer than a refusal",
    async () => new Response(null, { status: 302, headers: { Location: "/login" } }),
    "12 of 12 calls without valid access accepted",
  ],
])("CC6.1 fails when a call %s is accepted", async (_, broken, evidence) => {
  expect(await against(broken, "CC6.1")).toMatchObject({ status: "fail", evidence });
  expect(await against(intact, "CC6.1")).toMatchObject({ status: "pass" });
});

it("CC6.1 comes to every protected route within two runs, each with tokens that nobody could use", async () => {
  const asked = new Set<string>();
  const noting: CallApp = (context, request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/health") asked.add(`${request.method} ${pathname}`);
    return intact(context, request);
  };
  await against(noting, "CC6.1");
  later(-2 * minute);
  await against(noting, "CC6.1");
  expect(asked.size).toBe(8);
  const claims = forged.map((token) =>
    JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/"))),
  );
  for (const { organization_id, sub, exp, iat } of claims) {
    expect([organization_id, sub]).toEqual([
      "00000000-0000-7000-8000-000000000001",
      "00000000-0000-7000-8000-000000000002",
    ]);
    expect(exp - iat).toBe(30);
  }
  expect(claims).toHaveLength(8);
});

it("CC6.1 is not measured, and does not fail, while the routes answer with an error of the service", async () => {
  const { lastChecked } = await against(intact, "CC6.1");
  const down: CallApp = async () => new Response(null, { status: 503 });
  expect(await against(down, "CC6.1")).toMatchObject({ status: "pass", lastChecked });
});

it.each([
  ["is not sent", null],
  ["is short-lived", "max-age=60"],
  ["is taken back", "max-age=0"],
])("CC6.7 fails when HSTS %s", async (_, header) => {
  const broken: CallApp = async (context, request) => {
    const answer = new Response(null, await intact(context, request));
    answer.headers.delete("Strict-Transport-Security");
    if (header) answer.headers.set("Strict-Transport-Security", header);
    return answer;
  };
  expect(await against(broken, "CC6.7")).toMatchObject({ status: "fail" });
  expect(await against(intact, "CC6.7")).toMatchObject({ status: "pass" });
});
