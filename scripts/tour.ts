/** `npm run tour`: shows what the service does, with the local Worker that runs or with one that it starts. */
import { type Admin, storedAdmin } from "./admin.ts";
import { Advice, giveUp } from "./advice.ts";
import { interruption } from "./interruption.ts";
import { chosenPort } from "./port.ts";
import { converseWith, type Steps, Unexpected, withoutSecrets } from "./tour/conversation.ts";
import { delegation } from "./tour/delegation.ts";
import { mainFlow } from "./tour/main-flow.ts";
import { webhooks } from "./tour/webhooks.ts";
import { startWorker } from "./worker.ts";

const chapters = [mainFlow, delegation, webhooks];

/** The admin of the Worker that the environment names, or null. */
function adminOfEnvironment(): Admin | null {
  const { AGENTIDP_API_URL: url, AGENTIDP_CLIENT_ID: clientId, AGENTIDP_CLIENT_SECRET: clientSecret } = process.env;
  if (!url) return null;
  if (clientId && clientSecret) return { url, clientId, clientSecret };
  throw new Advice("AGENTIDP_API_URL is set. Set AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET of its admin too.");
}

async function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(3000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function walk(steps: Steps, interrupted: AbortSignal): Promise<void> {
  const all = Object.entries(steps);
  for (const [index, [title, run]] of all.entries()) {
    interrupted.throwIfAborted();
    console.log(`\n${index + 1}/${all.length}  ${title}\n`);
    try {
      await run();
    } catch (error) {
      const reason = withoutSecrets(error instanceof Unexpected ? error.message : String(error));
      throw new Advice(`Step ${index + 1}, "${title}", failed: ${reason}`);
    }
  }
}

const interrupted = interruption();

try {
  const named = adminOfEnvironment();
  if (named && !(await isUp(named.url))) throw new Advice(`No answer from ${named.url}/health.`);
  const stored = named ?? storedAdmin();
  const running = stored && (await isUp(stored.url)) ? stored : null;
  if (!running) console.log("No Worker runs here; starting one.");
  const started = running ? null : await startWorker(chosenPort(), interrupted);
  try {
    const admin = running ?? started?.admin;
    if (!admin) throw new Error("no Worker runs");
    console.log(`The tour of ${admin.url}`);
    const conversation = converseWith(admin.url);
    const steps: Steps = Object.assign({}, ...chapters.map((chapter) => chapter(conversation, admin)));
    await walk(steps, interrupted);
    console.log(`\nThe tour is complete: all ${Object.keys(steps).length} steps passed.`);
  } finally {
    await started?.stop();
  }
} catch (error) {
  giveUp(interrupted.aborted ? new Advice("The tour was interrupted.") : error);
}
process.exit(0);
