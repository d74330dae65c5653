/** What a stranger gets: the packed files, their types and size, in each runtime that is there. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { AgentIdPClient, ClientSecret, None, version } from "@sentryagent/idp-sdk";
import { type Any, begin, url } from "./_suite.ts";

const library = process.env.AGENTIDP_SDK_FOLDER ?? "";
const project = join(import.meta.dirname, "..");
const run = promisify(execFile);
const checkout = createRequire(join(library, "../../package.json"));
const document = JSON.parse(readFileSync(join(library, "../openapi.json"), "utf8"));

let fixtures: Any;
let settings: NodeJS.ProcessEnv;

before(async () => {
  fixtures = await begin({ given: ["agent", "other"] });
  const { admin } = fixtures;
  settings = {
    ...process.env,
    AGENTIDP_API_URL: url,
    AGENTIDP_CLIENT_ID: admin.clientId,
    AGENTIDP_CLIENT_SECRET: admin.clientSecret,
    DELEGATEE_CLIENT_ID: fixtures.other.clientId,
    DELEGATEE_CLIENT_SECRET: fixtures.other.clientSecret,
  };
});

/** Runs a program in the project of the stranger. */
async function outputOf(name: string, source: string, node = process.execPath, more: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(project, name), source);
  const { stdout } = await run(node, [name], { cwd: project, env: { ...settings, ...more } });
  return stdout;
}

test("every call of the document is a method", () => {
  const client: Any = new AgentIdPClient(url, new None());
  const operations = Object.values<Any>(document.paths).flatMap((item) => Object.values<Any>(item));
  const calls: string[] = operations
    .map((operation) => operation["x-sdk-call"])
    .filter((call) => call && call !== "setUp");
  assert.ok(calls.length > 80);
  const missing = calls.filter((call) => typeof call.split(".").reduce((of, key) => of?.[key], client) !== "function");
  assert.deepEqual(missing, []);
});

test("the version is that of package.json", () => {
  assert.equal(version, JSON.parse(readFileSync(join(library, "package.json"), "utf8")).version);
});

test("publint and are-the-types-wrong find nothing", async () => {
  const bin = (name: string) => join(library, "node_modules/.bin", name);
  await run(bin("publint"), ["--strict"], { cwd: library });
  await run(bin("attw"), ["--pack", ".", "--profile", "esm-only"], { cwd: library });
});

test("the types of tests and examples are right", async () => {
  await run(join(library, "node_modules/.bin/tsc"), ["-p", "test"], { cwd: library });
});

/** A project of strict settings, which checks the types of its packages too. */
async function compiles(name: string, settings: Record<string, unknown>) {
  const types = {
    ...{ target: "ES2022", lib: ["ES2022"], module: "NodeNext", strict: true, exactOptionalPropertyTypes: true },
    ...{ skipLibCheck: false, noEmit: true, ...settings },
  };
  writeFileSync(join(project, `${name}.ts`), strangers);
  writeFileSync(join(project, `${name}.json`), JSON.stringify({ compilerOptions: types, files: [`${name}.ts`] }));
  await run(join(library, "node_modules/.bin/tsc"), ["-p", `${name}.json`], { cwd: project }).catch(({ stdout }) => {
    assert.equal(stdout, "");
  });
}

const strangers = `
  import { AgentIdPClient, PrivateKeyJwt } from "@sentryagent/idp-sdk";
  export * from "@sentryagent/idp-sdk/dpop";
  export * from "@sentryagent/idp-sdk/verify";
  export * from "@sentryagent/idp-sdk/webhooks";
  // @ts-expect-error: no key is a number
  new PrivateKeyJwt({ clientId: "a", key: 1 });
  export const client = new AgentIdPClient("https://a.example", new PrivateKeyJwt({ clientId: "a", key: { kty: "EC" } }));
`;

test("its types need no more than those of Node, or of browsers", async () => {
  await compiles("for-node", { types: ["node"], typeRoots: [join(library, "node_modules/@types")] });
  await compiles("for-browsers", { types: [], lib: ["ES2022", "DOM"] });
});

/** The size of an entry with all that it imports, packages too. */
async function bundled(entry: string): Promise<string> {
  const { build } = checkout("esbuild");
  const options = { bundle: true, minify: true, format: "esm", write: false, absWorkingDir: project };
  const { outputFiles } = await build({ ...options, stdin: { contents: entry, resolveDir: project } });
  return outputFiles[0].text;
}

test("the main entry is at most 20 KiB gzip, and has no jose", async () => {
  const text = await bundled('export * from "@sentryagent/idp-sdk";');
  const bytes = gzipSync(text, { level: 9 }).byteLength;
  assert.ok(bytes <= 20 * 1024, `${bytes} bytes`);
  assert.ok(!text.includes("JWKSNoMatchingKey"));
});

describe("the README", () => {
  const readme = readFileSync(join(library, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```(ts|js)\n([\s\S]*?)^```/gm)];

  for (const [index, [, language, source = ""]] of blocks.entries()) {
    test(`block ${index + 1} runs`, async () => {
      await outputOf(`block-${index}.${language === "js" ? "mjs" : "ts"}`, source);
    });
  }

  test("its first steps run on the Node of npm, which can be 20", async () => {
    const output = await outputOf("first-steps.mjs", blocks[0]?.[2] ?? "", process.env.npm_node_execpath);
    assert.match(output, /signs in with \[redacted\]/);
    assert.match(output, /screener-\d+@acme\.example active/);
  });

  test("many calls at once make the Node of npm warn of nothing", async () => {
    const source = `import { AgentIdPClient } from "@sentryagent/idp-sdk";
      let warnings = 0;
      process.on("warning", () => warnings++);
      const client = new AgentIdPClient();
      const { signal } = new AbortController();
      const calls = (options) => Array.from({ length: 30 }, () => client.tokens.whoAmI(options));
      await Promise.all([...calls(), ...calls({ signal })]);
      console.log(warnings);`;
    assert.equal(await outputOf("many.mjs", source, process.env.npm_node_execpath), "0\n");
  });

  test("its first steps run in a Worker", async () => {
    const { Miniflare, convertV4MiniflareOptions } = checkout("miniflare");
    const source = (blocks[0]?.[2] ?? "")
      .replace(/^import .*$/m, "")
      .replace("undefined, undefined", "env.URL, new ClientSecret(env.ID, env.SECRET)")
      .replaceAll("console.log(", "lines.push(");
    const script = await bundled(`import { AgentIdPClient, ClientSecret } from "@sentryagent/idp-sdk";
      export default { async fetch(_, env) { const lines = []; ${source}; return Response.json(lines); } };`);
    const { clientId: ID, clientSecret: SECRET } = fixtures.admin;
    const options = {
      modules: true,
      script,
      compatibilityDate: "2026-01-01",
      bindings: { URL: url, ID, SECRET },
      cf: false,
    };
    const worker = new Miniflare(convertV4MiniflareOptions(options));
    const answer = await worker.dispatchFetch("http://localhost/");
    const lines = await answer.text();
    await worker.dispose();
    assert.match(lines, /signs in with \[redacted\]/);
    assert.match(lines, /"active"/);
  });
});

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

test("it runs in a browser, in a page of an allowed origin", {
  skip: existsSync(chromium) ? false : `${chromium} is not installed`,
}, async () => {
  const { clientId, clientSecret } = fixtures.agent;
  const program = await bundled(`import { AgentIdPClient, ClientSecret } from "@sentryagent/idp-sdk";
    import { DpopKey } from "@sentryagent/idp-sdk/dpop";
    const credentials = new ClientSecret(${JSON.stringify(clientId)}, ${JSON.stringify(clientSecret)});
    // A clock that is an hour fast: the page must be able to read the service's time.
    const clock = {
      now: () => Date.now() + 3_600_000,
      monotonic: () => performance.now(),
      random: () => 0,
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    };
    const options = { dpopKey: await DpopKey.generate(), clock };
    const client = new AgentIdPClient(${JSON.stringify(url)}, credentials, options);
    const { value, requestId, status } = await client.tokens.whoAmI().withResponse();
    const missing = await client.agents.get("00000000-0000-7000-8000-000000000000").catch(({ kind, code }) => kind + " " + code);
    const credential = await client.credentials.create(value.agentId);
    const { fileName } = await client.scaffold.generate(value.agentId);
    const secret = String(credential.clientSecret);
    globalThis.seen = { agentId: value.agentId, status, hasId: requestId !== undefined, missing, secret, fileName };`);
  const pageOrigin = process.env.AGENTIDP_SUITE_PAGE_ORIGIN ?? "";
  const pages = createHttpServer(({ url: path }, response) => {
    const isProgram = path === "/program.js";
    response.setHeader("content-type", isProgram ? "text/javascript" : "text/html");
    response.end(
      isProgram ? program : "<!doctype html><link rel=icon href=data:,><script type=module src=/program.js></script>",
    );
  }).listen(Number(new URL(pageOrigin).port), "localhost");
  const browser = await checkout("playwright-core").chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox"],
  });
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error: Error) => problems.push(error.message));
    await page.goto(pageOrigin);
    await Promise.race([
      page.waitForFunction("globalThis.seen", undefined, { timeout: 60_000 }),
      page.waitForEvent("pageerror", { timeout: 60_000 }),
    ]);
    assert.deepEqual(problems, []);
    const { fileName, ...seen } = (await page.evaluate("globalThis.seen")) as Any;
    assert.match(fileName, /^sentryagent-scaffold-[a-z0-9-]+-typescript\.zip$/);
    assert.deepEqual(seen, {
      agentId: clientId,
      status: 200,
      hasId: true,
      missing: "NotFound AGENT_NOT_FOUND",
      secret: "[redacted]",
    });
  } finally {
    await browser.close();
    pages.close();
    pages.closeAllConnections();
  }
});

describe("the examples", () => {
  const packed = join(project, "node_modules/@sentryagent/idp-sdk/examples");
  const example = (name: string, more: NodeJS.ProcessEnv = {}) =>
    outputOf(`example-${name}`, readFileSync(join(packed, name), "utf8"), process.execPath, more);

  test("are packed, and are all run here", () => {
    const names = ["delegate.ts", "sign-in.ts", "verify-a-token.ts", "webhook-receiver.ts"];
    assert.deepEqual(readdirSync(packed).sort(), names);
  });

  test("sign-in.ts", async () => {
    assert.match(await example("sign-in.ts"), /^\S+@\S+ is did:web:\S+, with .*agents:read/);
  });

  test("delegate.ts", async () => {
    const { clientId, clientSecret } = fixtures.agent;
    const output = await example("delegate.ts", {
      AGENTIDP_CLIENT_ID: clientId,
      AGENTIDP_CLIENT_SECRET: clientSecret,
    });
    assert.equal(output, "With agents:read, the helper reads 1 agent.\nAfterwards: The delegation is revoked.\n");
  });

  test("verify-a-token.ts", async () => {
    const { clientId, clientSecret } = fixtures.agent;
    const { accessToken } = await new AgentIdPClient(url, new ClientSecret(clientId, clientSecret)).accessToken();
    const output = await example("verify-a-token.ts", { AUDIENCE: url, TOKEN: accessToken.expose() });
    assert.match(output, new RegExp(`^Accepted: agent ${clientId} with `));
  });

  test("webhook-receiver.ts", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => free.once("listening", resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    writeFileSync(join(project, "receiver.ts"), readFileSync(join(packed, "webhook-receiver.ts"), "utf8"));
    const env = {
      ...settings,
      PORT: String(port),
      WEBHOOK_SECRET: "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    };
    const child = spawn(process.execPath, ["receiver.ts"], { cwd: project, env, stdio: "inherit" });
    try {
      const send = () => fetch(`http://localhost:${port}/`, { method: "POST", body: "{}" }).catch(() => null);
      let answer = await send();
      while (!answer && child.exitCode === null) answer = await send();
      assert.equal(answer?.status, 401);
    } finally {
      child.kill();
    }
  });
});
