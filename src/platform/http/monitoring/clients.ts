/** Which of the project's own clients sent a request, by its `User-Agent` (RFC 9110 10.1.5). A client can send any, so no rule relies on it. */
import { type ClientLabel, clientLabels } from "../../telemetry/catalogue.ts";

/** A program can be built on a library: it names itself behind it, and is counted as the program. */
const program = /(?:^| )sentryagent-(cli|action|console)\//;
const library = /^sentryagent-idp-(rust|typescript|python|go|java)\//;

/** The client of a request; `other` for every other text. */
export function clientOf(userAgent: string): ClientLabel {
  const name = (program.exec(userAgent) ?? library.exec(userAgent))?.[1];
  return clientLabels.find((label) => label === name) ?? "other";
}
