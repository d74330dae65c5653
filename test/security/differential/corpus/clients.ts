/** Client authentication by secret: HTTP Basic, the form, both, neither. */
import { basicOf, type Case, formType, type Pairs, tokenRequest } from "../_case.ts";
import type { Party } from "../_parties.ts";

const oneOf = (name: string, request: (party: Party) => ReturnType<typeof tokenRequest>): Case => ({
  name,
  requests: (party) => [request(party)],
});

const byHeader = (name: string, authorization: (party: Party) => string): Case =>
  oneOf(name, (party) => tokenRequest(party, { authorization: authorization(party) }));

const byForm = (name: string, form: (party: Party) => Pairs): Case =>
  oneOf(name, (party) => tokenRequest(party, { authorization: null, form: form(party) }));

const encodedAs = (text: string) => `Basic ${Buffer.from(text, "latin1").toString("base64")}`;
const everyCharacter = (text: string) =>
  Array.from(text, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");

const headers: readonly Case[] = [
  byHeader("RFC 9110 11.1: the scheme in lower case", ({ client }) => basicOf(client).replace("Basic", "basic")),
  byHeader("RFC 9110 11.1: the scheme in upper case", ({ client }) => basicOf(client).replace("Basic", "BASIC")),
  byHeader("RFC 9110 11.4: two blanks after the scheme", ({ client }) => basicOf(client).replace(" ", "  ")),
  byHeader("RFC 9110 11.4: no blank after the scheme", ({ client }) => basicOf(client).replace(" ", "")),
  byHeader("RFC 9110 11.4: a scheme and nothing more", () => "Basic"),
  byHeader("RFC 9110 11.4: another scheme", () => "Digest username=x"),
  byHeader("RFC 6749 2.3.1: a bearer token is no client authentication", () => "Bearer abc"),
  byHeader("RFC 7617 2: no base64", () => "Basic !!!!"),
  byHeader("RFC 7617 2: base64url", ({ client }) =>
    encodedAs(`${client.id}:??>>`).replaceAll("/", "_").replaceAll("+", "-"),
  ),
  byHeader("RFC 7617 2: base64 without its padding", ({ client }) =>
    encodedAs(`${client.id}:${client.secret}`).replace(/=+$/, ""),
  ),
  byHeader("RFC 7617 2: base64 with padding too many", ({ client }) => `${basicOf(client)}====`),
  byHeader("RFC 7617 2: no colon", ({ client }) => encodedAs(client.id)),
  byHeader("RFC 7617 2: nothing at all", () => encodedAs("")),
  byHeader("RFC 7617 2: a colon and nothing more", () => encodedAs(":")),
  byHeader("RFC 6749 2.3.1: no client id", ({ client }) => encodedAs(`:${client.secret}`)),
  byHeader("RFC 6749 2.3.1: no secret", ({ client }) => encodedAs(`${client.id}:`)),
  byHeader("RFC 6749 2.3.1: every character escaped", ({ client }) =>
    encodedAs(`${everyCharacter(client.id)}:${everyCharacter(client.secret)}`),
  ),
  byHeader("RFC 6749 2.3.1: the colon escaped", ({ client }) => encodedAs(`${client.id}%3A${client.secret}`)),
  byHeader("RFC 6749 2.3.1: an escape that is none", ({ client }) => encodedAs(`${client.id}:%zz`)),
  byHeader("RFC 6749 2.3.1: an escape that is not UTF-8", ({ client }) => encodedAs(`${client.id}:%ff`)),
  byHeader("RFC 6749 2.3.1: bytes that are not UTF-8", ({ client }) => encodedAs(`${client.id}:\xff\xfe`)),
  byHeader("RFC 6749 A.2: a control character in the secret", ({ client }) => encodedAs(`${client.id}:%00`)),
  byHeader("RFC 6749 A.1: a control character in the client id", ({ client }) => encodedAs(`%0d%0a:${client.secret}`)),
  byHeader("RFC 6749 2.3.1: a colon in the secret", ({ client }) => encodedAs(`${client.id}:${client.secret}:`)),
  byHeader("RFC 6749 5.2: an unknown client", () => basicOf({ id: "nobody", secret: "x".repeat(40) })),
  byHeader("RFC 6749 5.2: a client id of 10,000 characters", () => basicOf({ id: "n".repeat(10_000), secret: "x" })),
  byHeader("RFC 6749 5.2: a wrong secret", ({ client }) => basicOf({ ...client, secret: "wrong" })),
  byHeader("RFC 6749 5.2: a secret one character short", ({ client }) =>
    basicOf({ ...client, secret: client.secret.slice(0, -1) }),
  ),
  byHeader("RFC 6749 5.2: a secret one character long", ({ client }) =>
    basicOf({ ...client, secret: `${client.secret}x` }),
  ),
  byHeader("RFC 6749 5.2: another client's secret", ({ client, foreign }) =>
    basicOf({ id: client.id, secret: foreign.secret }),
  ),
  oneOf("RFC 9110 5.3: two Authorization headers", (party) =>
    tokenRequest(party, { headers: [formType, ["Authorization", basicOf(party.client)]] }),
  ),
];

const forms: readonly Case[] = [
  byForm("RFC 6749 2.3: no client authentication", () => ({})),
  byForm("RFC 6749 2.3.1: client_id and client_secret in the form", ({ client }) => ({
    client_id: client.id,
    client_secret: client.secret,
  })),
  byForm("RFC 6749 2.3.1: client_id without a secret", ({ client }) => ({ client_id: client.id })),
  byForm("RFC 6749 2.3.1: client_secret without an id", ({ client }) => ({ client_secret: client.secret })),
  byForm("RFC 6749 3.2: an empty client_secret is an omitted one", ({ client }) => ({
    client_id: client.id,
    client_secret: "",
  })),
  byForm("RFC 6749 3.2: an empty client_id is an omitted one", ({ client }) => ({
    client_id: "",
    client_secret: client.secret,
  })),
  byForm("RFC 6749 3.2: client_id twice", ({ client }) => ({
    client_id: [client.id, client.id],
    client_secret: client.secret,
  })),
  byForm("RFC 6749 3.2: client_secret twice", ({ client }) => ({
    client_id: client.id,
    client_secret: [client.secret, "wrong"],
  })),
  byForm("RFC 6749 5.2: an unknown client in the form", () => ({ client_id: "nobody", client_secret: "x" })),
  byForm("RFC 6749 5.2: a wrong secret in the form", ({ client }) => ({
    client_id: client.id,
    client_secret: "wrong",
  })),
  byForm("RFC 6749 A.2: NUL in the secret of the form", ({ client }) => ({
    client_id: client.id,
    client_secret: "\0",
  })),
  byForm("RFC 6749 A.1: a character beyond ASCII in the client id", () => ({ client_id: "ë", client_secret: "x" })),
  byForm("RFC 6749 2.3.1: a secret escaped twice", ({ client }) => ({
    client_id: client.id,
    client_secret: everyCharacter(client.secret),
  })),
];

const both: readonly Case[] = [
  oneOf("RFC 6749 2.3: header and form at once", (party) =>
    tokenRequest(party, { form: { client_id: party.client.id, client_secret: party.client.secret } }),
  ),
  oneOf("RFC 6749 2.3: header, and an empty client_secret in the form", (party) =>
    tokenRequest(party, { form: { client_secret: "" } }),
  ),
  oneOf("RFC 6749 2.3.1: header, and the same client_id in the form", (party) =>
    tokenRequest(party, { form: { client_id: party.client.id } }),
  ),
  oneOf("RFC 6749 2.3.1: header, and another client_id in the form", (party) =>
    tokenRequest(party, { form: { client_id: party.foreign.id } }),
  ),
  oneOf("RFC 6749 2.3: header and assertion at once", (party) =>
    tokenRequest(party, { form: { client_assertion: "a.b.c", client_assertion_type: "x" } }),
  ),
  oneOf("RFC 6749 2.3: header, form and assertion at once", (party) =>
    tokenRequest(party, { form: { client_secret: "x", client_assertion: "a.b.c" } }),
  ),
  oneOf("RFC 6749 2.3: a bearer token, and a secret in the form", (party) =>
    tokenRequest(party, {
      authorization: "Bearer abc",
      form: { client_id: party.client.id, client_secret: party.client.secret },
    }),
  ),
];

export const clientCases: readonly Case[] = [...headers, ...forms, ...both];
