/** What the authorization endpoint says in place of a sign-in page. */

export const noSignInReason = "This service has no sign-in page. An agent gets its token from the token endpoint.";

/** The page for browsers. It repeats nothing of the request. */
export const noSignInPage = (issuer: string, documentation: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SentryAgent AgentIdP: no sign-in page</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>No sign-in page</h1>
<p>${noSignInReason}</p>
<p>Token endpoint: <code>POST ${issuer}/api/v1/token</code></p>
<p><a href="${documentation}">How an agent signs in</a></p>
</main>
</body>
</html>
`;
