/**
 * The starter project of each language, as a developer gets it: downloaded, unpacked, built and run against the Worker.
 * `npm run test:scaffold` runs these; `npm test` does not, because they need five toolchains and the registries.
 */
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/port.ts";
import { projectOf } from "../../src/identity/scaffold/project.ts";
import {
  type Admin,
  type AgentClient,
  newClient,
  newOrganization,
  newResource,
  send,
  setUp,
  tokenFor,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { begin, type Ended, endAll, run, runWithoutNetwork } from "./_programs.ts";
import { missing, type Sdk, sdks, type Toolchain, toolchains } from "./_toolchains.ts";

const folder = mkdtempSync(join(tmpdir(), "agentidp-scaffold-"));
const signingSecret = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const capabilities = ["resume:read", "resume:write"];

/** What an agent may have in its fields and no file may do. The e-mail has every character that the service takes there. */
const hostile = {
  email: `9_o'brien+x.${"y".repeat(200)}-@example.com`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an attack on generated code
  owner: "'\"` ${process.exit(1)} $(id) {{agentId}} ]]> </artifactId> ../../x 😀",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an attack on generated code
  description: '"; panic!() `id` ${x}\r\n# A heading\n[a](javascript:x) <script> %s {{issuer}} ../../x 😀\r\n\t```\\',
  capabilities,
};

let worker: WorkerProcess;
let operator: Admin;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  operator = await setUp(worker.issuer);
});

afterAll(async () => {
  endAll();
  await worker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Project {
  readonly agent: AgentClient;
  /** The unpacked folder. */
  readonly path: string;
  readonly files: Readonly<Record<string, string>>;
}

const succeeded = (ended: Ended): Ended => {
  expect(ended, `${ended.out}\n${ended.err}`).toMatchObject({ code: 0 });
  return ended;
};

/** A stack trace, in any of the languages. */
const trace = /^\s+at |Traceback|panicked|goroutine/m;

/** Something else than the service, and a service that leaves the exchange without an answer. Returns its address. */
async function listening(answer: RequestListener): Promise<{ server: Server; url: string; port: string }> {
  const server = createServer(answer).listen(0);
  await once(server, "listening");
  const port = String((server.address() as AddressInfo).port);
  return { server, url: `http://127.0.0.1:${port}`, port };
}

/** A file with some of its variables set, as a developer fills it in. */
const filledIn = (text: string, values: Readonly<Record<string, string>>): string =>
  Object.entries(values).reduce((result, [name, value]) => {
    expect(result).toMatch(new RegExp(`^${name}=$`, "m"));
    return result.replace(new RegExp(`^${name}=$`, "m"), () => `${name}=${value}`);
  }, text);

/** Downloads and unpacks the project of an agent, with the tools of a developer. */
async function unpack({ token }: Admin, agent: AgentClient, language: string): Promise<Project> {
  const directory = mkdtempSync(join(folder, `${language}-`));
  const url = `${worker.issuer}/api/v1/sdk/scaffold/${agent.agentId}?language=${language}`;
  succeeded(
    await run(["curl", "-sS", "--fail-with-body", "-OJ", "-H", `Authorization: Bearer ${token}`, url], directory),
  );
  const [name = "", ...others] = readdirSync(directory);
  expect(others).toEqual([]);
  expect(name).toMatch(new RegExp(`^sentryagent-scaffold-[a-z0-9-]+-${language}\\.zip$`));

  succeeded(await run(["unzip", "-tq", name], directory));
  const top = name.replace(/\.zip$/, "");
  const entries = succeeded(await run(["unzip", "-Z1", name], directory))
    .out.trimEnd()
    .split("\n");
  expect(entries.filter((entry) => !entry.startsWith(`${top}/`) || /\\|\/\/|(^|\/)\.\.(\/|$)/.test(entry))).toEqual([]);
  const kinds = succeeded(await run(["unzip", "-Z", "-s", name], directory)).out.matchAll(/^([-dl?])[-rwx]{9} /gm);
  expect([...new Set([...kinds].map(([, kind]) => kind))]).toEqual(["-"]);

  succeeded(await run(["unzip", "-q", name], directory));
  expect(readdirSync(directory).toSorted()).toEqual([top, name].toSorted());
  const path = join(directory, top);
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((file) =>
    statSync(join(path, file)).isFile(),
  );
  const files = Object.fromEntries(names.toSorted().map((file) => [file, readFileSync(join(path, file), "utf8")]));
  expect(Object.keys(files)).toHaveLength(entries.length);
  fillIn(path, agent, files);
  return { agent, path, files };
}

function fillIn(path: string, { clientSecret }: AgentClient, files: Project["files"]): void {
  // With quotes of both kinds and the line ends of Windows, which editors and password stores write.
  const values = { AGENTIDP_CLIENT_SECRET: `"${clientSecret}"`, WEBHOOK_SECRET: `'${signingSecret}'` };
  const text = filledIn(files[".env.example"] ?? "", values);
  writeFileSync(join(path, ".env"), text.replaceAll("\n", "\r\n"));
}

/** The project with the SDK of its language, which nobody can download before the SDK is published. */
async function write(
  { token }: Admin,
  agent: AgentClient,
  language: Sdk["language"],
  version: string,
): Promise<Project> {
  const { body } = await send(worker.issuer, `/api/v1/agents/${agent.agentId}`, { token });
  const { agentId, email, owner, description } = body;
  const project = projectOf(language, { agentId, email, owner, description, issuer: worker.issuer }, version);
  const path = mkdtempSync(join(folder, `${language}-sdk-`));
  for (const [file, text] of project.files) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  const files = Object.fromEntries(project.files);
  fillIn(path, agent, files);
  return { agent, path, files };
}

/** An event, as the service delivers it. */
const delivered = {
  id: "01a2016f-5297-71f8-8dae-6e8741ab2836",
  event: "agent.created",
  timestamp: "2026-11-21T14:06:42.000Z",
  organization_id: "01a2016f-5297-71f8-8dae-6e8741ab2837",
  data: {
    agentId: "01a2016f-5297-71f8-8dae-6e8741ab2838",
    organization_id: "01a2016f-5297-71f8-8dae-6e8741ab2837",
    email: "screener@acme.example",
    agentType: "screener",
    version: "1.0.0",
    capabilities,
    owner: "talent-team",
    deploymentEnv: "production",
    description: null,
    grantedScopes: [],
    isPublic: false,
    did: "did:web:idp.example.com:agents:01a2016f-5297-71f8-8dae-6e8741ab2838",
    status: "active",
    createdAt: "2026-11-21T14:06:42.000Z",
    updatedAt: "2026-11-21T14:06:42.000Z",
  },
};

/** Sends a delivery to the receiver, as the service does; returns the status. */
async function deliver(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const answer = await fetch(url, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...headers },
  });
  await answer.body?.cancel();
  return answer.status;
}

function signed(body: string, at: number, secret = signingSecret): Record<string, string> {
  const id = "01a2016f-5297-71f8-8dae-6e8741ab2836";
  const signature = new Webhook(secret).sign(id, new Date(at), body);
  return { "webhook-id": id, "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature };
}

async function untilServed(url: string, receiver: ReturnType<typeof begin>): Promise<void> {
  let ended = false;
  receiver.ended.then(() => (ended = true));
  while (!ended) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new Error(`The receiver ended.\n${receiver.printed()}`);
}

/** @param sdk for the project that uses it */
function tests(language: string, ofLanguage: Toolchain, sdk?: Sdk): void {
  const toolchain = { ...ofLanguage, ...sdk?.commands(folder) };
  const { manifest, prepare, start, delegate, webhook, test, format } = toolchain;
  let tenant: Admin;
  let plain: Project;
  let odd: Project;
  let delegatee: AgentClient;
  let resource: string;

  /** What the delegator has lent and not revoked. */
  async function stillLent(): Promise<number> {
    const token = await tokenFor(worker.issuer, plain.agent);
    const path = "/api/v1/oauth2/token/delegations?role=delegator&status=active";
    const { body } = await send(worker.issuer, path, { token });
    return body.data.length;
  }
  const asDelegatee = (clientSecret: string) => ({
    DELEGATEE_CLIENT_ID: delegatee.agentId,
    DELEGATEE_CLIENT_SECRET: clientSecret,
  });
  const printsNoSecret = ({ out, err }: Ended) => {
    for (const { clientSecret } of [plain.agent, odd.agent, delegatee]) expect(out + err).not.toContain(clientSecret);
    expect(out + err).not.toMatch(/eyJ|sa_del_|whsec_[A-Z]/);
  };

  beforeAll(async () => {
    tenant = await newOrganization(worker.issuer, operator);
    delegatee = await newClient(worker.issuer, tenant.token, { capabilities: ["mail:send"] });
    resource = await newResource(worker.issuer, tenant, "resumes");
    const agents = [await newClient(worker.issuer, tenant.token, { capabilities })];
    agents.push(await newClient(worker.issuer, tenant.token, hostile));
    const made = (agent: AgentClient) =>
      sdk ? write(tenant, agent, sdk.language, sdk.version) : unpack(tenant, agent, language);
    [plain, odd] = (await Promise.all(agents.map(made))) as [Project, Project];
    if (sdk) for (const command of sdk.pack(folder)) succeeded(await run(command, sdk.folder));
    if (prepare) succeeded(await run(prepare, plain.path));
    expect(readFileSync(join(plain.path, manifest), "utf8")).toBe(plain.files[manifest]);
  });

  it("has what every project has, and the agent's fields in three files only", () => {
    for (const { agent, files } of [plain, odd]) {
      const settings = (files[".env.example"] ?? "").split("\n").filter((line) => /^[A-Z]/.test(line));
      expect(settings.filter((line) => !line.startsWith("PORT="))).toEqual([
        `AGENTIDP_API_URL=${worker.issuer}`,
        `AGENTIDP_CLIENT_ID=${agent.agentId}`,
        "AGENTIDP_CLIENT_SECRET=",
        "DELEGATEE_CLIENT_ID=",
        "DELEGATEE_CLIENT_SECRET=",
        "WEBHOOK_SECRET=",
      ]);
      expect(files[".gitignore"]?.split("\n")[0]).toBe(".env");
      expect(files.Dockerfile).toMatch(/^USER (?!root|0\b)\S+$/m);
      expect(files[".github/workflows/ci.yml"]).toContain("/api/v1/oidc/token");
      expect(files[".github/workflows/ci.yml"]).not.toContain("secrets.");
      expect(files["README.md"]?.match(/^\d\. /gm)).toEqual(["1. ", "2. ", "3. ", "4. ", "5. "]);
      expect(
        Object.values(files).filter((text) =>
          /until the SDK for \w+ is published|No SDK for \w+ is in .* yet/.test(text),
        ),
      ).toHaveLength(sdk ? 0 : 1);
    }
    expect(Object.keys(odd.files)).toEqual(Object.keys(plain.files));
    const different = Object.keys(plain.files).filter((file) => plain.files[file] !== odd.files[file]);
    expect(different.toSorted()).toEqual([".env.example", "README.md", manifest].toSorted());
    const linesOf = ({ files }: Project, file: string) => files[file]?.split("\n").length;
    for (const file of different) expect(linesOf(odd, file), file).toBe(linesOf(plain, file));
  });

  it("its one command builds it and prints who the agent is", async () => {
    const ended = succeeded(await run(start, plain.path));
    expect(ended.out).toContain(plain.agent.agentId);
    expect(ended.out).toContain(tenant.slug);
    printsNoSecret(ended);
  });

  it("builds and runs for an agent with hostile fields", async () => {
    const modules = join(plain.path, "node_modules");
    if (language === "typescript") cpSync(modules, join(odd.path, "node_modules"), { recursive: true });
    const ended = succeeded(await run(start, odd.path));
    expect(ended.out).toContain(odd.agent.agentId);
    expect(ended.out).toContain(hostile.email);
    printsNoSecret(ended);
  });

  it("says what to do without a secret, and with a wrong one", async () => {
    const wrong = await run(start, plain.path, { AGENTIDP_CLIENT_SECRET: "a-wrong-secret" });
    expect(wrong.code).not.toBe(0);
    expect(wrong.err).toContain("401");
    expect(wrong.out + wrong.err).not.toContain("a-wrong-secret");
    const file = join(odd.path, ".env");
    writeFileSync(file, odd.files[".env.example"] ?? "");
    const unset = await run(start, odd.path);
    expect(unset.code).not.toBe(0);
    expect(unset.err).toContain("AGENTIDP_CLIENT_SECRET");
    expect(unset.err).toContain(".env.example");
  });

  // The library has its own sentences, and tests of them.
  it.skipIf(sdk)("names the setting when something else answers, and when the port cannot be had", async () => {
    const other = await listening(({ url = "" }, response) => {
      const isProxy = url.startsWith("/proxy/");
      response.writeHead(isProxy ? 502 : 200).end(isProxy ? "<html>Bad Gateway</html>" : "{}");
    });
    const says = async (command: Toolchain["start"], settings: Record<string, string>, ...words: readonly string[]) => {
      const ended = await run(command, plain.path, settings);
      expect(ended.code).not.toBe(0);
      for (const word of words) expect(ended.err).toContain(word);
      expect(ended.err).not.toMatch(trace);
      expect(ended.out).not.toMatch(/signed in|receiving/i);
      printsNoSecret(ended);
    };
    try {
      await says(start, { AGENTIDP_API_URL: `${other.url}/proxy` }, "AGENTIDP_API_URL", "502");
      await says(start, { AGENTIDP_API_URL: `${other.url}/empty` }, "AGENTIDP_API_URL", "200");
      await says(start, { AGENTIDP_API_URL: "https://a b" }, "AGENTIDP_API_URL");
      await says(webhook, { PORT: "abc" }, "PORT");
      await says(webhook, { PORT: other.port }, "PORT", other.port);
    } finally {
      other.server.close();
    }
  });

  it("revokes at Ctrl-C", async () => {
    const calls: string[] = [];
    const waiting = Promise.withResolvers<void>();
    const service = await listening(async (request, response) => {
      const body = (await request.toArray()).join("");
      calls.push(`${request.method} ${request.url}`);
      // The delegatee gets no answer.
      if (body.includes("token-exchange")) return waiting.resolve();
      if (request.method === "DELETE") return response.writeHead(204).end();
      const token = { access_token: "a.b.c", token_type: "Bearer", expires_in: 3600, scope: "agents:read" };
      const [issuedAt, expiresAt] = ["2029-12-31T23:55:00.000Z", "2030-01-01T00:00:00.000Z"];
      const agents = { delegatorAgentId: plain.agent.agentId, delegateeAgentId: delegatee.agentId };
      const lent = { chainId: "chain-1", delegationToken: "sa_del_x", scopes: ["agents:read"], issuedAt, expiresAt };
      response.writeHead(request.url === "/api/v1/token" ? 200 : 201);
      response.end(JSON.stringify(request.url === "/api/v1/token" ? token : { ...agents, ...lent }));
    });
    const program = begin(delegate(delegatee.agentId), plain.path, {
      ...asDelegatee(delegatee.clientSecret),
      AGENTIDP_API_URL: service.url,
    });
    try {
      await Promise.race([waiting.promise, program.ended]);
      program.interrupt();
      const ended = await program.ended;
      expect(calls.at(-1), ended.out + ended.err).toBe("DELETE /api/v1/oauth2/token/delegate/chain-1");
    } finally {
      await program.stop();
      service.server.close();
      service.server.closeAllConnections();
    }
  });

  it("its own test passes without network, and its sources are formatted", async () => {
    succeeded(await runWithoutNetwork(test, plain.path));
    if (format) expect(succeeded(await run(format, plain.path))).toMatchObject({ out: "", err: "" });
  });

  it("lends agents:read to an agent, which acts, and revokes", async () => {
    const { agentId } = delegatee;
    const ended = succeeded(await run(delegate(agentId), plain.path, asDelegatee(delegatee.clientSecret)));
    const { body } = await send(worker.issuer, `/api/v1/agents/${plain.agent.agentId}`, { token: tenant.token });
    expect(ended.out).toContain(agentId);
    expect(ended.out).toContain(body.email);
    expect(ended.out).toMatch(/revoked/i);
    printsNoSecret(ended);
    expect(await stillLent()).toBe(0);
  });

  it("lends a capability for a resource, and revokes after an error of the delegatee too", async () => {
    const command = delegate(delegatee.agentId, resource, "resume:read");
    const ended = succeeded(await run(command, plain.path, asDelegatee(delegatee.clientSecret)));
    expect(ended.out).toContain(resource);
    printsNoSecret(ended);
    expect(await stillLent()).toBe(0);
    const failed = await run(command, plain.path, asDelegatee("a-wrong-secret"));
    expect(failed.code).not.toBe(0);
    expect(failed.err).toContain("401");
    printsNoSecret(failed);
    expect(await stillLent()).toBe(0);
  });

  it("its receiver accepts what is signed now, and refuses everything else", async () => {
    const port = String(await freePort());
    const url = `http://localhost:${port}/`;
    const receiver = begin(webhook, plain.path, { PORT: port });
    try {
      await untilServed(url, receiver);
      const body = JSON.stringify(delivered);
      const now = Date.now();
      const genuine = signed(body, now);
      const foreign = signed(body, now, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
      const both = `${foreign["webhook-signature"]} ${genuine["webhook-signature"]}`;
      expect(await deliver(url, body, genuine)).toBe(204);
      expect(await deliver(url, body, { ...genuine, "webhook-signature": both })).toBe(204);
      expect(await deliver(url, body.replace("created", "erased"), genuine)).toBe(401);
      expect(await deliver(url, body, { ...genuine, "webhook-id": "another" })).toBe(401);
      expect(await deliver(url, body, foreign)).toBe(401);
      expect(await deliver(url, body, {})).toBe(401);
      expect(await deliver(url, body, signed(body, now - 10 * 60_000))).toBe(401);
      expect(await deliver(url, body, signed(body, now + 10 * 60_000))).toBe(401);
    } finally {
      const ended = await receiver.stop();
      expect(ended.out).toContain("agent.created");
      expect(ended.out + ended.err).not.toContain("agent.erased");
      printsNoSecret(ended);
    }
  });
}

const forms = Object.entries(toolchains).flatMap(([language, toolchain]) => {
  const sdk = sdks[language];
  const plain = { name: language, language, toolchain, sdk: undefined };
  return sdk ? [plain, { ...plain, name: `${language} with its SDK`, sdk }] : [plain];
});

describe.each(forms)("$name", ({ language, toolchain, sdk }) => {
  const advice = missing(toolchain);
  if (advice === null) tests(language, toolchain, sdk);
  else if (process.env.CI) it("has its toolchain", () => expect.fail(advice));
  else it.skip(advice);
  if (advice !== null) console.log(advice);
});
