/** An error as a page, for a person who opened an address in a browser. It has the facts of the JSON object. */
import { html } from "hono/html";
import { type Problem, problemRegistry } from "../problems/problems.ts";
import { documentOf, withCode } from "./document.ts";

const titles: Readonly<Partial<Record<number, string>>> = {
  400: "The request is not valid",
  401: "Sign-in is needed",
  403: "Not allowed",
  404: "Not found",
  405: "This method is not allowed",
  410: "Gone",
  429: "Too many requests",
  500: "Something went wrong",
  503: "The service is not available",
};

/** The page of a problem as an HTML document. Its links need no settings, because broken settings have this page, too. */
export function problemPage({ code, message, details, hint }: Problem, requestId: string): string {
  const { status, remedy } = problemRegistry[code];
  const title = titles[status] ?? "The request was refused";
  return documentOf({
    title: `${status} ${title} · SentryAgent AgentIdP`,
    main: html`<h1>${title}</h1>
<p class="lead">${withCode(message)}</p>
<p><strong>What to do:</strong> ${withCode(hint ?? remedy)}</p>
<dl class="facts">
<dt>Status</dt><dd>${status}</dd>
<dt>Code</dt><dd><a href="/errors#${code}">${code}</a></dd>
<dt>Request id</dt><dd><code>${requestId}</code></dd>
</dl>
${details ? html`<h2>Details</h2>\n<pre><code>${JSON.stringify(details, null, 2)}</code></pre>` : ""}
<p><a href="/">What this service is</a></p>`,
  });
}
