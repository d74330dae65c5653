/** `GET /sdk/scaffold/{agentId}`: the archive, its headers, and what a refusal leaves behind. */
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { read } from "../../platform/telemetry/_scrape.ts";
import { call, issuer, newAgent, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { getWith } from "../../support/with-bindings.ts";
import { eventsOf } from "../../tenancy/audit/_log.ts";
import { download, filesIn } from "./_download.ts";

const languages = ["typescript", "python", "go", "java", "rust"];
const unknownAgent = "01a20135-569e-763e-9ac5-85790156016c";

let organization: Organization;
let other: Organization;
let agentId: string;
let path: string;

beforeAll(async () => {
  [organization, other] = [await newOrganization(), await newOrganization()];
  ({ agentId } = await newAgent(organization.token, { email: "Screener.01+eu@acme.example" }));
  path = `/api/v1/sdk/scaffold/${agentId}`;
});

const generated = async () => {
  const { samples } = read((await call("/metrics")).text);
  return Object.fromEntries(
    samples("agentidp_scaffolds_generated_total").map(({ labels, value }) => [labels?.language, Number(value)]),
  );
};

const scaffolded = async () =>
  (await eventsOf(organization.token, { action: "agent.scaffolded" })).map(({ details }) => details.language);

describe("a project", () => {
  it.each(languages)(
    "%s: a ZIP archive with its name, its digest and the agent's values; the second is equal",
    async (language) => {
      const first = await download(organization.token, agentId, `?language=${language}`);
      const files = filesIn(first);
      expect(Object.fromEntries(first.headers)).toMatchObject({
        "content-type": "application/zip",
        "content-disposition": `attachment; filename="sentryagent-scaffold-screener-01-eu-${language}.zip"`,
        "cache-control": "no-store",
        etag: `"${createHash("sha256").update(first.bytes).digest("hex")}"`,
      });
      expect(files.get(".env.example")).toContain(
        `AGENTIDP_API_URL=${issuer}\nAGENTIDP_CLIENT_ID=${agentId}\nAGENTIDP_CLIENT_SECRET=\n`,
      );
      expect(files.get("README.md")).toMatch(/^# screener-01-eu\n/);
      for (const [name, text] of files) if (!name.startsWith(".github/")) expect(text, name).not.toMatch(/\{\{\w+\}\}/);
      const second = await download(organization.token, agentId, `?language=${language}`);
      expect(Buffer.from(second.bytes).equals(first.bytes)).toBe(true);
    },
  );

  it("each is an event of the agent, and counts for its language", async () => {
    expect(await scaffolded()).toEqual(languages.flatMap((language) => [language, language]));
    expect(await generated()).toEqual(Object.fromEntries(languages.map((language) => [language, 2])));
    const [event] = await eventsOf(organization.token, { action: "agent.scaffolded" });
    expect(event).toMatchObject({ agentId, target: agentId, outcome: "success", details: { language: "typescript" } });
    expect(event.actor.agentId).toBe(organization.agentId);
  });
});

describe("the 11th in a minute", () => {
  it("429 with Retry-After and the limit; another organization still gets one, and HEAD does not count", async () => {
    const rejections = async () =>
      read((await call("/metrics")).text).value("agentidp_rate_limit_rejections_total", {
        limit: "scaffoldsPerMinute",
      });
    const before = await rejections();
    const answer = await call(path, { token: organization.token });
    expect(answer.status, answer.text).toBe(429);
    expect(await rejections()).toBe(before + 1);
    const seconds = Number(answer.headers.get("Retry-After"));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(answer.body).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      details: { limit: "scaffoldsPerMinute", max: 10, retryAfterSeconds: seconds },
    });
    expect(answer.headers.has("Content-Disposition")).toBe(false);
    const heads = Array.from({ length: 10 }, () => download(other.token, other.agentId, "", { method: "HEAD" }));
    expect((await Promise.all(heads)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    const { status } = await download(other.token, other.agentId);
    expect(status).toBe(200);
  });
});

describe("a request that hands out nothing", () => {
  let before: [unknown, unknown];
  beforeAll(async () => {
    before = [await generated(), await scaffolded()];
  });

  it("400 names the language that was received", async () => {
    const answer = await call(`${path}?language=cobol`, { token: other.token });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.details.issues).toEqual([
      {
        path: "language",
        message: "must be one of typescript, python, go, java, rust",
        received: "cobol",
      },
    ]);
    expect((await call(`${path}?langauge=go`, { token: other.token })).status).toBe(400);
  });

  it("404 with the same body for an agent of another organization and for none", async () => {
    const answers = [agentId, unknownAgent].map((id) => call(`/api/v1/sdk/scaffold/${id}`, { token: other.token }));
    const [foreign, none] = (await Promise.all(answers)).map(({ status, body }) => ({
      status,
      ...body,
      requestId: "",
    }));
    expect(foreign).toMatchObject({ status: 404, code: "AGENT_NOT_FOUND" });
    expect(none).toEqual(foreign);
  });

  it("401 without a token, 403 without agents:read", async () => {
    expect((await call(path)).status).toBe(401);
    const blind = await newClient(organization.token, { grantedScopes: ["tokens:read"] });
    const answer = await call(path, { token: await tokenFor(blind) });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "agents:read" } });
  });

  it("409 for a decommissioned agent; a suspended one has a project", async () => {
    const gone = await newAgent(other.token);
    await call(`/api/v1/agents/${gone.agentId}`, { method: "DELETE", token: other.token });
    const answer = await call(`/api/v1/sdk/scaffold/${gone.agentId}`, { token: other.token });
    expect(answer.status, answer.text).toBe(409);
    expect(answer.body.code).toBe("AGENT_ALREADY_DECOMMISSIONED");
  });

  it("304 for the archive that the caller has, 412 for another one, no body for HEAD", async () => {
    const own = await newOrganization();
    const { headers } = await download(own.token, own.agentId, "", { method: "HEAD" });
    const tag = headers.get("ETag") ?? "";
    expect(tag).toMatch(/^"[0-9a-f]{64}"$/);
    const known = await download(own.token, own.agentId, "", { headers: { "If-None-Match": `"x", ${tag}` } });
    expect([known.status, known.bytes.length, known.headers.get("ETag")]).toEqual([304, 0, tag]);
    const unmet = await call(`/api/v1/sdk/scaffold/${own.agentId}`, {
      token: own.token,
      headers: { "If-Match": '"x"' },
    });
    expect(unmet.status).toBe(412);
    expect(await eventsOf(own.token, { action: "agent.scaffolded" })).toEqual([]);
  });

  it("503 while its event cannot be written: no project is out without one", async () => {
    const { ORG_LEDGER } = env as unknown as Bindings;
    const deaf = (stub: DurableObjectStub) =>
      new Proxy(stub, {
        get: (target, name) =>
          name === "append" ? () => Promise.reject(new Error("down")) : Reflect.get(target, name),
      });
    const objects = {
      idFromName: (name: string) => ORG_LEDGER.idFromName(name),
      get: (id: DurableObjectId) => deaf(ORG_LEDGER.get(id)),
    } as unknown as Bindings["ORG_LEDGER"];
    const own = await newOrganization();
    const answer = await getWith({ ORG_LEDGER: objects }, `/api/v1/sdk/scaffold/${own.agentId}`, own.token);
    expect([answer.status, answer.body?.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(answer.headers.has("Content-Disposition")).toBe(false);
    expect(await eventsOf(own.token, { action: "agent.scaffolded" })).toEqual([]);
  });

  it("is no event and is not counted", async () => {
    expect([await generated(), await scaffolded()]).toEqual(before);
  });
});
