/** Token requests: how they are sent, their grant, scope and resource. */
import { basicOf, type Case, formOf, formType, post, tokenRequest } from "../_case.ts";
import { resource } from "../_parties.ts";

const grantType = "client_credentials";
const urn = "urn:ietf:params:oauth:grant-type";

const oneOf = (name: string, request: (party: Parameters<Case["requests"]>[0]) => ReturnType<typeof post>): Case => ({
  name,
  requests: (party) => [request(party)],
});

const sent: readonly Case[] = [
  oneOf("RFC 6749 4.4.2: a request in order", (party) => tokenRequest(party)),
  oneOf("RFC 6749 3.2: GET instead of POST", (party) =>
    tokenRequest(party, { method: "GET", query: `?grant_type=${grantType}` }),
  ),
  ...["PUT", "PATCH", "DELETE"].map((method) =>
    oneOf(`RFC 6749 3.2: ${method} instead of POST`, (party) => tokenRequest(party, { method })),
  ),
  oneOf("RFC 6749 2.3.1: credentials in the query of the URL", (party) =>
    tokenRequest(party, {
      authorization: null,
      query: `?client_id=${party.client.id}&client_secret=${encodeURIComponent(party.client.secret)}`,
    }),
  ),
  oneOf("RFC 6749 3.2: the grant in the query of the URL, and no body", (party) =>
    post(party, party.token, { query: `?grant_type=${grantType}` }),
  ),
  oneOf("RFC 6749 3.2: a parameter in the query is no parameter", (party) =>
    tokenRequest(party, { query: "?grant_type=password&scope=nothing:such" }),
  ),
  ...[
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencodedx",
    "application/xml",
  ].map((type) =>
    oneOf(`RFC 6749 B: sent as ${type}`, (party) => tokenRequest(party, { headers: [["Content-Type", type]] })),
  ),
  oneOf("RFC 6749 B: sent with charset=utf-8", (party) =>
    tokenRequest(party, { headers: [["Content-Type", `${formType[1]}; charset=utf-8`]] }),
  ),
  oneOf("RFC 6749 B: sent with the type in upper case", (party) =>
    tokenRequest(party, { headers: [["Content-Type", "APPLICATION/X-WWW-FORM-URLENCODED"]] }),
  ),
  oneOf("RFC 6749 B: sent without a type", (party) => tokenRequest(party, { headers: [] })),
  oneOf("RFC 6749 B: a JSON object as JSON", (party) =>
    post(party, party.token, {
      headers: [["Content-Type", "application/json"]],
      body: JSON.stringify({ grant_type: grantType }),
    }),
  ),
  oneOf("RFC 6749 B: a JSON object in the name of a form", (party) =>
    post(party, party.token, { body: JSON.stringify({ grant_type: grantType }) }),
  ),
  oneOf("RFC 6749 B: escapes that are none", (party) =>
    post(party, party.token, { body: `grant_type=${grantType}&x=%zz%` }),
  ),
  oneOf("RFC 6749 B: escapes that are not UTF-8", (party) =>
    post(party, party.token, { body: `grant_type=${grantType}&x=%ff%fe` }),
  ),
  oneOf("RFC 6749 B: every character escaped", (party) =>
    post(party, party.token, {
      body: `grant_type=${Array.from(grantType, (character) => `%${character.charCodeAt(0).toString(16)}`).join("")}`,
    }),
  ),
  oneOf("RFC 6749 B: empty pairs between", (party) =>
    post(party, party.token, { body: `&&grant_type=${grantType}&&=&` }),
  ),
];

const grants: readonly Case[] = [
  oneOf("RFC 6749 5.2: an empty body", (party) => post(party, party.token)),
  oneOf("RFC 6749 5.2: no grant_type", (party) => post(party, party.token, { form: { scope: "agents:read" } })),
  oneOf("RFC 6749 3.2: an empty grant_type is an omitted one", (party) =>
    post(party, party.token, { form: { grant_type: "" } }),
  ),
  oneOf("RFC 6749 3.2: grant_type twice", (party) =>
    tokenRequest(party, { form: { grant_type: [grantType, grantType] } }),
  ),
  oneOf("RFC 6749 3.2: two different grant_types", (party) =>
    tokenRequest(party, { form: { grant_type: [grantType, "password"] } }),
  ),
  ...[
    "password",
    "authorization_code",
    "refresh_token",
    "implicit",
    "Client_Credentials",
    `${grantType} `,
    "nothing:such",
  ].map((name) =>
    oneOf(`RFC 6749 5.2: grant_type "${name}"`, (party) => tokenRequest(party, { form: { grant_type: name } })),
  ),
  ...[`${urn}:device_code`, `${urn}:saml2-bearer`, "urn:openid:params:grant-type:ciba"].map((name) =>
    oneOf(`RFC 6749 4.5: extension grant ${name}`, (party) => tokenRequest(party, { form: { grant_type: name } })),
  ),
  oneOf("RFC 6749 5.2: grant_type in an array notation", (party) =>
    post(party, party.token, { form: { "grant_type[]": grantType } }),
  ),
  oneOf("RFC 6749 5.2: an unknown grant_type of an unknown client", (party) =>
    tokenRequest(party, { form: { grant_type: "nothing" }, authorization: basicOf({ id: "nobody", secret: "x" }) }),
  ),
  oneOf("RFC 6749 3.2: unknown parameters are ignored", (party) =>
    tokenRequest(party, { form: { nothing: "such", __proto: "x", constructor: "y" } }),
  ),
  oneOf("RFC 6749 3.2: an unknown parameter twice", (party) => tokenRequest(party, { form: { nothing: ["a", "b"] } })),
];

const scopes: readonly Case[] = [
  ...[
    ["a scope of the client", "agents:read"],
    ["two scopes of the client", "agents:read audit:read"],
    ["the same scope twice", "agents:read agents:read"],
    ["an empty scope is an omitted one", ""],
    ["a scope that nobody knows", "nothing:such"],
    ["one scope of the client and one that nobody knows", "agents:read nothing:such"],
    ["upper case is another scope", "AGENTS:READ"],
    ["two blanks between", "agents:read  audit:read"],
    ["a blank before", " agents:read"],
    ["a blank after", "agents:read "],
    ["a tab between", "agents:read\taudit:read"],
    ["a line break between", "agents:read\r\naudit:read"],
    ["a comma between", "agents:read,audit:read"],
    ["a quotation mark", 'agents:"read"'],
    ["a backslash", "agents\\read"],
    ["a character beyond ASCII", "agents:rëad"],
    ["NUL", "agents:read\0"],
    ["10,000 scopes", Array.from({ length: 10_000 }, (_, index) => `a:b${index}`).join(" ")],
  ].map(([what, scope]) => oneOf(`RFC 6749 3.3: ${what}`, (party) => tokenRequest(party, { form: { scope: scope! } }))),
  oneOf("RFC 6749 3.2: scope twice", (party) =>
    tokenRequest(party, { form: { scope: ["agents:read", "audit:read"] } }),
  ),
];

const resources: readonly Case[] = [
  ...[
    ["a resource that is known", resource],
    ["a path that is no absolute URI", "/v1"],
    ["a word", "api"],
    ["a URI with a fragment", `${resource}#part`],
    ["a URI with an empty fragment", `${resource}#`],
    ["a URI with a query", `${resource}?a=b`],
    ["a URN", "urn:example:api"],
    ["an empty resource is an omitted one", ""],
    ["a URI with a blank inside", "https://api.example.com/a b"],
    ["a URI with blanks around", ` ${resource} `],
    ["a URI of another script", "https://api.example.com/ä"],
    ["a URI without a host", "https://"],
    ["a scheme and nothing more", "https:"],
  ].map(([what, value]) =>
    oneOf(`RFC 8707 2: ${what}`, (party) => tokenRequest(party, { form: { resource: value! } })),
  ),
  oneOf("RFC 8707 2: the same resource twice", (party) =>
    tokenRequest(party, { form: { resource: [resource, resource] } }),
  ),
  oneOf("RFC 8707 2: two resources", (party) =>
    tokenRequest(party, { form: { resource: [resource, "https://other.example.com"] } }),
  ),
  oneOf("RFC 8707 2: one resource in order and one that is none", (party) =>
    tokenRequest(party, { form: { resource: [resource, "api"] } }),
  ),
  oneOf("RFC 8693 2.1: audience is a parameter of the token exchange only", (party) =>
    tokenRequest(party, { form: { audience: "api" } }),
  ),
];

const large: readonly Case[] = [
  oneOf("RFC 6749 5.2: a body of 60 KB", (party) =>
    post(party, party.token, { body: formOf({ grant_type: grantType, x: "a".repeat(60_000) }) }),
  ),
  oneOf("RFC 6749 5.2: a body of 300 KB", (party) =>
    post(party, party.token, { body: formOf({ grant_type: grantType, x: "a".repeat(300_000) }) }),
  ),
];

export const requestCases: readonly Case[] = [...sent, ...grants, ...scopes, ...resources, ...large];
