/** What the authorization endpoint says in place of a sign-in page. */
import { documentOf, html } from "../../platform/web/document.ts";

export const noSignInReason = "This service has no sign-in page. An agent gets its token from the token endpoint.";

/** The page for browsers. It repeats nothing of the request. */
export const noSignInPage = (issuer: string, documentation: string): string =>
  documentOf({
    title: "No sign-in page · SentryAgent AgentIdP",
    main: html`<h1>No sign-in page</h1>
<p class="lead">${noSignInReason}</p>
<p>Token endpoint: <code>POST ${issuer}/api/v1/token</code></p>
<p><a href="${documentation}">How an agent signs in</a></p>`,
  });
