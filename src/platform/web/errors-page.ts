/** The page of all errors, made of the registry. Each code is an anchor, and `docs` of an error answer links to it. */
import { html } from "hono/html";
import { type ProblemCode, problemRegistry } from "../problems/problems.ts";
import { documentOf, withCode } from "./document.ts";

const codes = Object.keys(problemRegistry) as ProblemCode[];

function sectionOf(code: ProblemCode) {
  const { status, meaning, remedy } = problemRegistry[code];
  return html`<section class="error" id="${code}">
<h3><a href="#${code}">${code}</a> <span class="quiet">${status}</span></h3>
<p>${withCode(meaning)}</p>
<p><strong>What to do:</strong> ${withCode(remedy)}</p>
</section>
`;
}

/** The page as an HTML document. */
export const errorsPage = (): string =>
  documentOf({
    title: "Errors · SentryAgent AgentIdP",
    main: html`<h1>Errors</h1>
<p class="lead">Every error of the API is one JSON object with a <code>code</code>. A program decides by the code, whose meaning never changes; the <code>message</code> is for people.</p>
<p>Send the <code>requestId</code> when you report a problem. It is the header <code>X-Request-Id</code>, too. An id of another organization gets the same answer as an id that does not exist.</p>
<h2>All codes</h2>
<ul class="codes">${codes.map((code) => html`<li><a href="#${code}">${code}</a></li>`)}</ul>
<h2>What they mean</h2>
${codes.map(sectionOf)}`,
  });
