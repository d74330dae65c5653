/** The programs of examples/, each run as a process of its own against the running Worker: exit code and output. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/port.ts";
import { boundTokenFor } from "../support/bound-token.ts";
import { examplesFolder as folder, runExample as run } from "../support/example-process.ts";
import {
  type Admin,
  type AgentClient,
  type Body,
  newClient,
  newOrganization,
  newResource,
  send,
  setUp,
  tokenFor,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let tenant: Admin;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  tenant = await newOrganization(worker.issuer, await setUp(worker.issuer));
});

afterAll(() => worker?.stop());

const asAdmin = () => ({
  AGENTIDP_API_URL: worker.issuer,
  AGENTIDP_CLIENT_ID: tenant.clientId,
  AGENTIDP_CLIENT_SECRET: tenant.clientSecret,
});

/** What a program that has done its work leaves: these lines, no error, exit code 0. */
const printed = (...lines: readonly string[]) => ({ code: 0, out: `${lines.join("\n")}\n`, err: "" });

describe("examples/", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));

  it("has the programs that the tests run, each in the README and with a head that says what it is for", () => {
    expect(files).toEqual([
      "delegate.ts",
      "mcp-client.ts",
      "mcp-server.ts",
      "receive-webhooks.ts",
      "settings.ts",
      "sign-in-and-call.ts",
      "verify-a-token.ts",
    ]);
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    expect([...readme.matchAll(/\]\(([\w-]+\.ts)\)/g)].map(([, name]) => name).toSorted()).toEqual(files);
  });

  it.each(files)("%s imports packages and its neighbours, nothing of the service", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    expect(text).toMatch(/^\/\*\*[\s\S]{40,}?\*\//);
    const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, target = ""]) => target);
    expect(imports.filter((target) => target.startsWith(".") && !/^\.\/[\w-]+\.ts$/.test(target))).toEqual([]);
  });

  it("a missing setting is named", async () => {
    expect(await run("sign-in-and-call.ts", {})).toEqual({
      code: 2,
      out: "",
      err: "AGENTIDP_API_URL is not set: see examples/README.md.\n",
    });
  });
});

describe("sign-in-and-call.ts", () => {
  it("gets a token and lists the agents", async () => {
    const { agentId } = await newClient(worker.issuer, tenant.token, { email: "screener@one.example" });
    await send(worker.issuer, `/api/v1/agents/${agentId}`, {
      method: "PATCH",
      token: tenant.token,
      json: { status: "suspended" },
    });
    expect(await run("sign-in-and-call.ts", asAdmin())).toEqual(
      printed(
        "Signed in for 3600 seconds.",
        "The newest agents of the organization:",
        "  screener@one.example (suspended)",
        "  admin@tenant-1.example (active)",
      ),
    );
  });

  it("fails with a wrong secret", async () => {
    const ended = await run("sign-in-and-call.ts", { ...asAdmin(), AGENTIDP_CLIENT_SECRET: "wrong" });
    expect(ended).toEqual({ code: 1, out: "", err: expect.stringContaining("WWWAuthenticateChallengeError") });
  });
});

describe("verify-a-token.ts", () => {
  let agent: AgentClient;
  let audience: string;
  let other: string;
  beforeAll(async () => {
    agent = await newClient(worker.issuer, tenant.token, { capabilities: ["resume:read", "resume:reader"] });
    audience = await newResource(worker.issuer, tenant, "resumes");
    other = await newResource(worker.issuer, tenant, "other");
  });

  async function tokens(parameters: Record<string, string>): Promise<Body> {
    const form = { grant_type: "client_credentials", ...parameters };
    const answer = await send(worker.issuer, "/api/v1/token", { basic: agent, form });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  }
  const tokenOf = async (parameters: Record<string, string> = {}): Promise<string> =>
    (await tokens({ scope: "resume:read", resource: audience, ...parameters })).access_token;

  const verify = (token: string) =>
    run("verify-a-token.ts", {
      AGENTIDP_API_URL: worker.issuer,
      AUDIENCE: audience,
      SCOPE: "resume:read",
      TOKEN: token,
    });
  const refused = (reason: string) => ({ code: 1, out: `Refused: ${reason}\n`, err: "" });

  it("accepts a token for this API with the scope", async () => {
    const expected = printed(`Accepted: agent ${agent.agentId} has the scope resume:read.`);
    expect(await verify(await tokenOf())).toEqual(expected);
    expect(await verify(await tokenOf({ scope: "resume:reader resume:read" }))).toEqual(expected);
  });

  it("refuses another audience, another scope, an id_token, a changed token and what is none", async () => {
    expect(await verify(await tokenOf({ resource: other }))).toEqual(refused('unexpected "aud" claim value'));
    expect(await verify(await tokenOf({ scope: "resume:reader" }))).toEqual(
      refused("the scope resume:read is missing"),
    );
    const { id_token } = await tokens({ scope: "openid" });
    expect(await verify(id_token)).toEqual(refused('"alg" (Algorithm) Header Parameter value not allowed'));
    const token = await tokenOf();
    const signature = token.split(".")[2] ?? "";
    const changed = token.replace(signature, (signature.startsWith("A") ? "B" : "A") + signature.slice(1));
    expect(await verify(changed)).toEqual(refused("signature verification failed"));
    expect(await verify("no-token")).toEqual(refused("Invalid Compact JWS"));
  });

  it("refuses a token that is bound to a key (RFC 9449 7.2)", async () => {
    const bound = await boundTokenFor(worker.issuer, agent, { scope: "resume:read", resource: audience });
    expect(await verify(bound)).toEqual(refused("the token is bound to a key (DPoP)"));
  });

  it("says nothing of the token when the keys cannot be fetched", async () => {
    const token = await tokenOf();
    const ended = await run("verify-a-token.ts", {
      AGENTIDP_API_URL: `http://localhost:${await freePort()}`,
      AUDIENCE: audience,
      SCOPE: "resume:read",
      TOKEN: token,
    });
    expect(ended).toEqual({ code: 1, out: "", err: expect.stringContaining("ECONNREFUSED") });
  });
});

describe("delegate.ts", () => {
  it("delegates, exchanges, verifies and revokes, and leaves no active agent", async () => {
    expect(await run("delegate.ts", asAdmin())).toEqual(
      printed(
        "The orchestrator delegates resume:read to the screener for 15 minutes.",
        "The new token acts for the orchestrator, used by the screener, with resume:read.",
        "Valid: true.",
        "Revoked. Valid: false, the token is active: false.",
        "Another exchange is refused: invalid_grant.",
        "Both agents are decommissioned, and the API is deleted.",
      ),
    );
    const { body } = await send(worker.issuer, "/api/v1/agents?status=active&limit=100", { token: tenant.token });
    const names = body.data.map(({ email }: { email: string }) => email);
    expect(names.filter((email: string) => email.endsWith("@agents.example"))).toEqual([]);
  });
});

describe("receive-webhooks.ts", () => {
  it("receives what is signed, refuses what is not, and deletes its webhook", async () => {
    expect(await run("receive-webhooks.ts", { ...asAdmin(), PORT: String(await freePort()) })).toEqual(
      printed(
        "Subscribed to agent.created.",
        "Received webhook.test.",
        "Status of the test delivery: delivered.",
        "Refused a delivery: its signature is wrong.",
        "The forged delivery is answered 401.",
        "The webhook is deleted.",
      ),
    );
    const token = await tokenFor(worker.issuer, tenant, { scope: "webhooks:read" });
    const { body } = await send(worker.issuer, "/api/v1/webhooks", { token });
    expect(body.data).toEqual([]);
  });
});
