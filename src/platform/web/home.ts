/** The page at `/`: what this is, the first requests, and where everything is. */
import { html } from "hono/html";
import type { Settings } from "../env.ts";
import { version } from "../version.ts";
import { documentOf, type Markup } from "./document.ts";
import { forVerifiers, guides, type Link, reference, state } from "./links.ts";

type Site = Pick<Settings, "issuer" | "docsUrl" | "operator">;

export const summary =
  "An identity provider for AI agents. Every agent has its own identity, signs in with a standard OAuth 2.0 client, and presents a short-lived signed token. Any API can verify the token with the published keys. All events are in an audit log that shows tampering.";

/** The two requests of an agent, in short lines for phones. */
const requests = (issuer: string) => `# An agent signs in with its credentials ...
curl -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d grant_type=client_credentials \\
  ${issuer}/api/v1/token

# ... and sends the access_token of the answer
curl -H "Authorization: Bearer $TOKEN" \\
  ${issuer}/api/v1/agents`;

/** @param base where the links lead; null for pages that nobody serves, whose names are shown */
const cardsOf = (links: readonly Link[], base: string | null): Markup => html`<ul class="cards">
${links.map(
  ({ path, name, about }) => html`<li>${
    base === null ? html`<strong>${name}</strong>` : html`<a href="${base}${path}">${name}</a>`
  }<p>${about}</p>${base === null ? html`<p><code>docs${path}</code></p>` : ""}</li>
`,
)}</ul>`;

/** The page as an HTML document. */
export function homePage({ issuer, docsUrl, operator }: Site): string {
  const whose = operator.name ? html`Operated by ${operator.name}. ` : "";
  const contact = operator.contact ? html`<a href="${operator.contact}">Contact the operator</a>. ` : "";
  return documentOf({
    title: "SentryAgent AgentIdP: identity for AI agents",
    main: html`<h1>Identity for AI agents</h1>
<p class="lead">This is SentryAgent AgentIdP at <code>${issuer}</code>.</p>
<p>${summary}</p>
<h2>Get a token</h2>
<p>An admin of your organization registers the agent and creates its credentials. Then the agent needs two requests:</p>
<pre><code>${requests(issuer)}</code></pre>
<h2>API reference</h2>
${cardsOf(reference, "")}
<h2>For verifiers and clients</h2>
${cardsOf(forVerifiers, "")}
<h2>State of the service</h2>
${cardsOf(state, "")}
<h2>Quick start and guides</h2>
${docsUrl === null ? html`<p>They are files of the repository that this service is built from.</p>\n` : ""}${cardsOf(guides, docsUrl)}`,
    footer: html`${whose}${contact}Version ${version}.`,
  });
}
