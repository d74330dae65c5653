/** Runs a command: says what to do after an error, and never prints a secret. */
import { AgentIdPError } from "@sentryagent/idp-sdk";
import { Advice, loadDotEnv } from "./settings.js";

/** What went wrong, as the identity provider or the library says it. */
function adviceOf({ message, code, httpStatus, hint, requestId }: AgentIdPError): string {
  const answer = httpStatus === undefined ? code : `${httpStatus} ${code}`;
  return [`${answer}. ${message}`, hint, requestId && `Request id: ${requestId}`].filter(Boolean).join("\n");
}

export async function run(command: () => Promise<void>): Promise<void> {
  try {
    loadDotEnv();
    await command();
  } catch (error) {
    if (error instanceof Advice) console.error(error.message);
    else if (error instanceof AgentIdPError) console.error(adviceOf(error));
    else throw error;
    process.exitCode = 1;
  }
}
