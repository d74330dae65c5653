/** Writes `docs/errors.md` from the registry of errors. With `--check` it only fails when the page is out of date. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProblemCode, problemRegistry } from "../src/platform/problems/problems.ts";

/** The path of the page. */
export const errorReferencePath = join(import.meta.dirname, "../docs/errors.md");

const introduction = `# Errors

<!-- Generated from src/platform/problems/problems.ts by \`npm run docs:errors\`. Edit that file, not this one. -->

Every error of the API is one JSON object:

\`\`\`json
{
  "code": "AGENT_NOT_FOUND",
  "message": "No agent has this id in your organization.",
  "hint": "Check the id.",
  "docs": "https://idp.example.com/errors#AGENT_NOT_FOUND",
  "requestId": "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10"
}
\`\`\`

- \`code\` is one of the codes below. Its meaning never changes. Programs must use it and not the text.
- \`message\` is for people. Its wording may change.
- \`details\` is present where the code below says so. For \`VALIDATION_ERROR\` it is
  \`{ "issues": [{ "path": "ttlSeconds", "message": "…", "received": 5 }] }\`; secrets are never echoed.
  What you sent is cut: at most 200 characters of a value, ten names of a list, and 2,600 bytes of issues.
- \`hint\` says what to do next, and \`docs\` is the page of the code. Both are for people, too.
- \`requestId\` is also the \`X-Request-Id\` header of the answer. Include it when you report a problem.
- The OAuth endpoints add \`error\` and \`error_description\` (RFC 6749 5.2), for OAuth libraries.
- A 401 has \`WWW-Authenticate\` (RFC 6750 3). A 403 for a missing scope has it too.
- A 401 for an access token that this service has signed says why: it has expired, is for another audience, or is revoked. A token of
  a suspended agent or organization is revoked. Every other token gets one text.
- A browser (\`Accept\` prefers \`text/html\`, no \`Authorization\`, GET or HEAD) gets a page with the same facts.

An id of another organization gets the same answer as an id that does not exist.
`;

const codes = Object.keys(problemRegistry) as ProblemCode[];

function overview(): string {
  const rows = codes.map((code) => `| [${code}](#${code.toLowerCase()}) | ${problemRegistry[code].status} |`);
  return ["| code | status |", "|---|---|", ...rows, ""].join("\n");
}

function section(code: ProblemCode): string {
  const { status, meaning, remedy } = problemRegistry[code];
  return `## ${code}\n\nStatus ${status}. ${meaning}\n\n**What to do:** ${remedy}\n`;
}

/** The text of the page. */
export function errorReference(): string {
  return [introduction, overview(), ...codes.map(section)].join("\n");
}

if (import.meta.main) {
  if (!process.argv.includes("--check")) {
    await writeFile(errorReferencePath, errorReference());
  } else if ((await readFile(errorReferencePath, "utf8")) !== errorReference()) {
    console.error("docs/errors.md is out of date: run `npm run docs:errors`.");
    process.exitCode = 1;
  }
}
