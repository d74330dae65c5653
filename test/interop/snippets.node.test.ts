/**
 * Every block of README.md and docs/ that checks a token, run as printed against tokens of every kind: it accepts those that
 * it is for, and no other. And the quick start, from its second step to its last, and each guide alone after it.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { atPorts, guides } from "../../scripts/docs/pages.ts";
import { runScript, scriptOf } from "../../scripts/docs/shell.ts";
import { freePort } from "../../scripts/port.ts";
import { type Ended, runExample } from "../support/example-process.ts";
import { type Admin, setUp } from "../support/http-client.ts";
import { newTlsFront, type TlsFront } from "../support/tls.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { type Block, blocksOf, checkingBlocks, fileNameOf, importersOf, isServer, pages } from "./snippets/_blocks.ts";
import { type Folder, newFolder, runShell, type Server, startServer, writeFilesOf } from "./snippets/_run.ts";
import { newTokens, type Presented } from "./snippets/_tokens.ts";

/** The identifier of the API in all pages. The quick start registers it. */
const api = "urn:agentidp:operator:resumes";

/** What a block checks, by what it names, and the tokens that it accepts. */
const kinds = {
  "an access token": { names: /at\+jwt|token\/introspect/, accepts: ["a good token", "a delegated token"] },
  "a delegation": { names: /delegation\+jwt|verify-delegation/, accepts: ["a delegation token"] },
  "a badge": { names: /credentialSubject/, accepts: ["a badge"] },
  "a statement": { names: /proofPurpose/, accepts: ["what an agent signed"] },
  "a partner's token": { names: /federation\/verify/, accepts: ["of another issuer", "a partner's, for this API"] },
};
/** One of each type, for what does not check access tokens of this service. */
const oneOfEach = [
  "a good token",
  "an id_token",
  "a delegation token",
  "of another issuer",
  "a badge",
  "what an agent signed",
  "what another agent signed",
  "a partner's, for this API",
  "a partner's, for another",
];
const kindsOf = ({ code }: Block) => Object.values(kinds).filter(({ names }) => names.test(code));

/** The variables of the pages that hold a token to check. */
const variables = ["AGENT_TOKEN", "LENT_TOKEN", "DELEGATION_TOKEN", "BADGE", "STATEMENT", "THEIR_TOKEN"];

let front: TlsFront;
let worker: WorkerProcess;
let operator: Admin;
let folder: Folder;
let quickStart: Ended;
let presented: Presented;

/** Some need something else, such as https, which a test has and a clone does not: those are `console`. */
const isShell = ({ language }: Block) => language === "sh" || language === "console";
const shellBlocks = checkingBlocks.filter(isShell);
const servers = [
  ...new Set(
    checkingBlocks
      .filter((block) => !isShell(block))
      .flatMap((block) => (isServer(block) ? [block] : importersOf(block))),
  ),
];
const at = ({ page, line }: Block) => `${page}:${line}`;
const table = (blocks: readonly Block[]) => blocks.map((block) => [at(block), block] as const);

/** The quick start from its second step. Its tampering needs the database of `npm start`. */
const quickStartBlocks = () => {
  const blocks = blocksOf("docs/quick-start.md");
  const second = blocks.findIndex(({ code }) => code.includes(". docs/shell.sh"));
  return blocks.slice(second).filter(({ code }) => !code.includes("npx wrangler"));
};

/** The functions of the pages. `pretty` leaves JSON as it is, because a process for each answer costs more than the check. */
let functions = "";

/** Writes the variables that the quick start leaves, for {@link runShell} of another page. */
const keepVariables = (code: string) =>
  `export ${[...new Set([...code.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name))].join(" ")}
export -p > .local/variables.sh`;

async function runQuickStart(): Promise<Ended> {
  const settings = {
    AGENTIDP_API_URL: front.origin,
    AGENTIDP_CLIENT_ID: operator.clientId,
    AGENTIDP_CLIENT_SECRET: operator.clientSecret,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await mkdir(join(folder.path, ".local"), { recursive: true });
  await writeFile(join(folder.path, ".local", "admin.env"), lines.join(""));
  const port = await freePort();
  await writeFilesOf(folder, "docs/quick-start.md", port);
  const shell = await readFile(join(folder.path, "docs", "shell.sh"), "utf8");
  functions = `${shell.slice(shell.indexOf("\nfield()"), shell.indexOf("\npretty()"))}\npretty() { cat; }`;
  const commands = quickStartBlocks()
    .filter(isShell)
    .map(({ code }) => code)
    .join("\n");
  return runShell(folder, `${atPorts(commands, [port])}\n${keepVariables(commands)}`);
}

beforeAll(async () => {
  front = await newTlsFront();
  worker = await newWorkerProcess({ ISSUER: front.origin });
  await worker.start();
  front.forwardTo(worker.instances[0]);
  operator = await setUp(worker.instances[0]);
  folder = await newFolder({ AGENTIDP_API_URL: front.origin }, front.certificate);
  quickStart = await runQuickStart();
  presented = await newTokens(worker, operator, api);
});

afterAll(async () => {
  await presented?.close();
  await folder?.remove();
  await worker?.stop();
  await front?.close();
});

describe("docs/quick-start.md", () => {
  /** Ids, times and the address of the service differ from run to run. */
  const masked = (text: string) =>
    text
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
      .replaceAll(/\b\d{10}\b/g, "<seconds>")
      .replaceAll(/https?:\/\/localhost:\d+/g, "<origin>")
      .replaceAll(/ +$/gm, "");

  it("prints what it shows, step by step", () => {
    const outputs = quickStartBlocks().filter(({ language }) => language === "");
    expect(outputs.length).toBeGreaterThan(5);
    let rest = masked(quickStart.out);
    for (const output of outputs) {
      const text = masked(output.code);
      expect(rest, at(output)).toContain(text);
      rest = rest.slice(rest.indexOf(text) + text.length);
    }
  });

  it("no command fails", () => {
    expect({ code: quickStart.code, err: quickStart.err }).toEqual({ code: 0, err: "" });
  });
});

describe("the blocks that check a token", () => {
  it("are looked for in all pages, and each is run below", () => {
    expect(pages).toEqual(
      expect.arrayContaining(["README.md", "docs/quick-start.md", "docs/guides/protect-an-api.md"]),
    );
    expect(servers.map(({ language }) => language)).toEqual(expect.arrayContaining(["js", "python", "go"]));
    const run = [...shellBlocks, ...servers, ...checkingBlocks.filter((block) => importersOf(block).length > 0)];
    expect(checkingBlocks.filter((block) => !run.includes(block)).map(at)).toEqual([]);
  });

  it("show which kind of token they check", () => {
    expect(shellBlocks.filter((block) => kindsOf(block).length !== 1).map(at)).toEqual([]);
    expect(servers.filter((block) => fileNameOf(block) === null).map(at)).toEqual([]);
  });
});

/**
 * Whether the check accepted the token. A program that ends with an error has refused it. An answer of the service is read as
 * docs/guides/issue-and-revoke-tokens.md says: `active` alone does not say that the token is meant for this API.
 */
function isAccepted({ code, out }: Ended): boolean {
  if (code !== 0) return false;
  if (!/^\{\s*"(active|valid)"/.test(out)) return out !== "";
  const { active, valid, aud, scope = "", cnf } = JSON.parse(out);
  return valid ?? (active && aud === api && scope.split(" ").includes("resume:read") && cnf === undefined);
}

describe.each(table(shellBlocks))("%s", (_, block) => {
  it("accepts the tokens that it is for, and no other", async () => {
    const { agentDid, delegator, tokens } = presented;
    const settings = {
      ADMIN_TOKEN: operator.token,
      ORCHESTRATOR_ID: delegator.agentId,
      ORCHESTRATOR_TOKEN: delegator.token,
      AGENT_DID: agentDid,
    };
    const accepted: string[] = [];
    const [kind] = kindsOf(block);
    const presentedTo = Object.entries(tokens).filter(
      ([name]) => kind === kinds["an access token"] || oneOfEach.includes(name),
    );
    for (const [name, token] of presentedTo) {
      const given = Object.fromEntries(variables.map((variable) => [variable, token]));
      const ended = await runShell(folder, `${functions}\n${block.code}`, { ...settings, ...given });
      if (isAccepted(ended)) accepted.push(name);
    }
    expect(accepted).toEqual(kind?.accepts);
  });
});

/** The status and the challenge of an answer. */
const shown = ({ status, headers }: Response) =>
  [status, headers.get("WWW-Authenticate")].filter((part) => part !== null).join(" ");

describe.each(table(servers))("%s", (_, block) => {
  let own: Folder;
  let server: Server | undefined;

  beforeAll(async () => {
    own = await newFolder({ AGENTIDP_API_URL: front.origin }, front.certificate);
  });
  afterAll(async () => {
    await server?.stop();
    await own.remove();
  });

  it("answers as RFC 6750 says: 200, 401 and 403", async (test) => {
    const started = await startServer(own, block);
    if ("missing" in started) return test.skip(started.missing);
    server = started;
    const answers: Record<string, string> = {};
    for (const [name, token] of Object.entries(presented.tokens)) {
      answers[name] = shown(await server.get(`Bearer ${token}`));
    }
    const refused = Object.keys(presented.tokens).map((name) => [name, '401 Bearer error="invalid_token"']);
    expect(answers).toEqual({
      ...Object.fromEntries(refused),
      "a good token": "200",
      "a delegated token": "200",
      "without the scope": '403 Bearer error="insufficient_scope", scope="resume:read"',
    });
    for (const authorization of [null, "Basic YTpi", "Bearer"]) {
      expect(shown(await server.get(authorization)), `${authorization}`).toBe("401 Bearer");
    }
  });
});

describe("examples/verify-a-token.ts", () => {
  it.each([
    ["a delegated token", 0],
    ["of another tenant", 1],
    ["expired", 1],
    ["for a list of APIs", 1],
    ["a delegation token", 1],
    ["of another issuer", 1],
  ])("%s: exit code %d", async (name, code) => {
    const settings = { AUDIENCE: api, SCOPE: "resume:read", TOKEN: presented.tokens[name]! };
    const ended = await runExample("verify-a-token.ts", { ...folder.environment, ...settings });
    expect(ended).toMatchObject({
      code,
      out: expect.stringMatching(code === 0 ? /^Accepted: / : /^Refused: /),
      err: "",
    });
  });
});

it("a delegated token names the agent that calls", () => {
  expect(decodeJwt(presented.tokens["a delegated token"]!)).toMatchObject({
    aud: api,
    act: { sub: expect.any(String) },
  });
});

// Last, because the tokens above expire after minutes.
describe("alone after the quick start", () => {
  // Not in the order of docs/README.md: `npm run docs:walk` runs them in that order.
  const commandsOf = (page: string) => blocksOf(page).filter(({ language }) => language === "sh");
  it.each(
    guides()
      .toReversed()
      .filter((page) => commandsOf(page).length > 0),
  )(
    "every command of %s succeeds",
    async (page) => {
      const blocks = commandsOf(page);
      const script = `. .local/variables.sh\n${scriptOf(blocks, [await freePort(), await freePort(), await freePort()])}`;
      const { code, at, text } = await runScript(script, { cwd: folder.path, env: folder.environment });
      expect(code, `${at}\n${text}`).toBe(0);
    },
    300_000,
  );
});
