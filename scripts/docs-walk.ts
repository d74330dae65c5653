/**
 * `npm run docs:walk`: does what a reader of the docs does in a fresh clone. It starts the service, and runs every `sh` block of
 * README.md, the quick start and the guides, in the order of docs/README.md, in one shell. It prints the time of each page.
 * `npm run docs:walk -- docs/guides/federation.md` follows this page only, after the quick start.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Advice, giveUp } from "./advice.ts";
import { atPorts, type Block, blocksOf, fileNameOf, followedPages } from "./docs/pages.ts";
import { runScript, scriptOf } from "./docs/shell.ts";
import { interruption } from "./interruption.ts";
import { chosenPort, freePort } from "./port.ts";
import { startWorker } from "./worker.ts";
import { root } from "./wrangler.ts";

/** The service runs already: the walk starts it as `npm start` does. */
const isStart = ({ code }: Block) => /^npm start\b/.test(code);

/** Writes the files that a page has the reader save in `.local`. */
function saveFiles(page: string, ports: readonly number[]): void {
  for (const block of blocksOf(page)) {
    const name = fileNameOf(block);
    if (name?.startsWith(".local/")) writeFileSync(join(root, name), atPorts(block.code, ports));
  }
}

const inSeconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
const interrupted = interruption();

try {
  if (existsSync(join(root, ".wrangler", "state"))) {
    throw new Advice(
      "The walk needs a clone without data, because its pages register the same agents again.\nrm -rf .wrangler .local",
    );
  }
  const beganMs = Date.now();
  const [readme, quickStart, ...all] = followedPages();
  const named = process.argv.slice(2);
  const pages = [readme, quickStart, ...(named.length > 0 ? named : all)].filter((page) => page !== undefined);
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === "sh");
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const worker = await startWorker(chosenPort(), interrupted);
  try {
    console.log(`npm start: ${inSeconds(Date.now() - beganMs)}`);
    mkdirSync(join(root, ".local"), { recursive: true });
    for (const page of pages) saveFiles(page, ports);
    const script = scriptOf(
      blocks.filter((block) => !isStart(block)),
      ports,
    );
    let page = "";
    let sinceMs = Date.now();
    const leave = () => page && console.log(`${page}: ${inSeconds(Date.now() - sinceMs)}`);
    // PORT is the service's: the servers of the pages would take it.
    const { PORT: _, ...env } = process.env;
    const settings = { cwd: root, env, signal: interrupted };
    const run = await runScript(script, settings, (at) => {
      const [next = ""] = at.split(":");
      if (next === page) return;
      leave();
      [page, sinceMs] = [next, Date.now()];
    });
    writeFileSync(join(root, ".local", "docs-walk.log"), run.text);
    if (run.code !== 0) {
      throw new Advice(`A command of ${run.at} failed. The end of the output:\n\n${run.text.slice(-2000)}`);
    }
    leave();
    console.log(`All ${blocks.length} blocks of ${pages.length} pages ran, in ${inSeconds(Date.now() - beganMs)}.`);
  } finally {
    await worker.stop();
  }
} catch (error) {
  giveUp(interrupted.aborted ? new Advice("The walk was interrupted.") : error);
}
process.exit(0);
