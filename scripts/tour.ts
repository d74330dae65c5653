/** `npm run tour`: walks through what the service does, against the Worker that runs or one that it starts itself. */

import { type Admin, rememberedAdmin } from "./admin.ts";
import { Advice, giveUp } from "./advice.ts";
import { interruption } from "./interruption.ts";
import { chosenPort } from "./port.ts";
import { converseWith, Unexpected, withoutSecrets } from "./tour/conversation.ts";
import { delegation } from "./tour/delegation.ts";
import { mainFlow, type Step } from "./tour/main-flow.ts";
import { webhooks } from "./tour/webhooks.ts";
import { startWorker } from "./worker.ts";

/** Each capability adds its steps here. */
const chapters = [mainFlow, delegation, webhooks];

/** The admin of the Worker that the environment names, if it names one. */
function adminOfEnvironment(): Admin | null {
  const { AGENTIDP_API_URL: url, AGENTIDP_CLIENT_ID: clientId, AGENTIDP_CLIENT_SECRET: clientSecret } = process.env;
  if (!url) return null;
  if (clientId && clientSecret) return { url, clientId, clientSecret };
  throw new Advice("AGENTIDP_API_URL is set; set AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET too: its admin's.");
}

async function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(3000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function walk(steps: readonly Step[], interrupted: AbortSignal): Promise<void> {
  for (const [index, step] of steps.entries()) {
    interrupted.throwIfAborted();
    console.log(`\n${index + 1}/${steps.length}  ${step.title}\n`);
    try {
      await step.run();
    } catch (error) {
      const reason = withoutSecrets(error instanceof Unexpected ? error.message : String(error));
      throw new Advice(`Step ${index + 1}, "${step.title}", failed: ${reason}`);
    }
  }
}

const interrupted = interruption();

try {
  const named = adminOfEnvironment();
  if (named && !(await isUp(named.url))) throw new Advice(`Nobody answers at ${named.url}/health.`);
  const remembered = named ?? rememberedAdmin();
  const running = remembered && (await isUp(remembered.url)) ? remembered : null;
  if (!running) console.log("No Worker runs here; starting one.");
  const started = running ? null : await startWorker(chosenPort(), interrupted);
  try {
    const admin = running ?? started?.admin;
    if (!admin) throw new Error("there is no Worker to visit");
    console.log(`The tour of ${admin.url}`);
    const conversation = converseWith(admin.url);
    const steps = chapters.flatMap((chapter) => chapter(conversation, admin));
    await walk(steps, interrupted);
    console.log(`\nThe tour is over: ${steps.length} steps went as they should.`);
  } finally {
    await started?.stop();
  }
} catch (error) {
  giveUp(interrupted.aborted ? new Advice("The tour was broken off.") : error);
}
process.exit(0);
