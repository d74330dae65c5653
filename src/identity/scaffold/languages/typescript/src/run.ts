/** Runs a command: says what to do after an error, and never prints a secret. */
import { Advice, loadDotEnv } from "./settings.js";

export async function run(command: () => Promise<void>): Promise<void> {
  try {
    loadDotEnv();
    await command();
  } catch (error) {
    if (!(error instanceof Advice)) throw error;
    console.error(error.message);
    // At once: after Ctrl-C a call may still wait for its answer.
    process.exit(1);
  }
}
