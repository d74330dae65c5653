/** `npm start`: runs the Worker on this machine, with its data in `.wrangler/` and its admin in `.local/admin.env`. */
import { once } from "node:events";
import { giveUp } from "./advice.ts";
import { interruption } from "./interruption.ts";
import { chosenPort } from "./port.ts";
import { startWorker } from "./worker.ts";

const welcome = (url: string) => `
SentryAgent AgentIdP runs at ${url}
The admin's credentials are in .local/admin.env

Try it in a second shell, in this directory:

  . docs/shell.sh
  curl -sS -H "Authorization: Bearer $ADMIN_TOKEN" "$AGENTIDP_API_URL/api/v1/agents" | pretty

Next: the quick start, docs/quick-start.md. In a browser: ${url}, and the API at ${url}/docs.
Ctrl-C stops the Worker; its log follows.
`;

const interrupted = interruption();

try {
  const worker = await startWorker(chosenPort(), interrupted);
  console.log(welcome(worker.admin.url));
  worker.showLog();
  await Promise.race([worker.ended, once(interrupted, "abort")]);
  await worker.stop();
  if (!interrupted.aborted) throw new Error("The Worker ended unexpectedly; its log is above.");
} catch (error) {
  if (!interrupted.aborted) giveUp(error);
}
process.exit(0);
