/** Introspection (RFC 7662) and revocation (RFC 7009). */
import { basicOf, type Case, type Pairs, post } from "../_case.ts";
import type { Party } from "../_parties.ts";

type Endpoint = "introspection" | "revocation";

const rfc = { introspection: "RFC 7662 2.1", revocation: "RFC 7009 2.1" } as const;

const atBoth = (
  what: string,
  request: (party: Party, path: string) => ReturnType<typeof post> | Promise<ReturnType<typeof post>>,
) =>
  (["introspection", "revocation"] as const).map(
    (endpoint: Endpoint): Case => ({
      name: `${rfc[endpoint]}: ${what} (${endpoint})`,
      requests: async (party) => [await request(party, party[endpoint])],
    }),
  );

const withForm = (what: string, form: (party: Party) => Promise<Pairs> | Pairs) =>
  atBoth(what, async (party, path) => post(party, path, { form: await form(party) }));

const own = (party: Party) => party.liveToken(party.client);

const tokens: readonly Case[] = [
  ...withForm("a living token of the client", async (party) => ({ token: await own(party) })),
  ...withForm("no token", () => ({})),
  ...withForm("an empty token", () => ({ token: "" })),
  ...withForm("a token twice", async (party) => ({ token: [await own(party), await own(party)] })),
  ...withForm("a token that is none", () => ({ token: "garbage" })),
  ...withForm("a token with NUL", () => ({ token: "\0" })),
  ...withForm("a token beyond ASCII", () => ({ token: "ë💀" })),
  ...withForm("a token of 100,000 characters", () => ({ token: "a".repeat(50_000) })),
  ...withForm("a token one character short", async (party) => ({ token: (await own(party)).slice(0, -1) })),
  ...withForm("a token one character long", async (party) => ({ token: `${await own(party)}A` })),
  ...withForm("a token with blanks around", async (party) => ({ token: ` ${await own(party)} ` })),
  ...withForm("the right hint", async (party) => ({ token: await own(party), token_type_hint: "access_token" })),
  ...withForm("the wrong hint", async (party) => ({ token: await own(party), token_type_hint: "refresh_token" })),
  ...withForm("a hint that nobody knows", async (party) => ({ token: await own(party), token_type_hint: "nothing" })),
  ...withForm("an empty hint", async (party) => ({ token: await own(party), token_type_hint: "" })),
  ...withForm("a hint twice", async (party) => ({ token: await own(party), token_type_hint: ["a", "b"] })),
  ...withForm("the secret in the token", ({ client }) => ({ token: client.secret })),
];

const clients: readonly Case[] = [
  ...atBoth("no client authentication", async (party, path) =>
    post(party, path, { authorization: null, form: { token: await own(party) } }),
  ),
  ...atBoth("a wrong secret", async (party, path) =>
    post(party, path, {
      authorization: basicOf({ ...party.client, secret: "wrong" }),
      form: { token: await own(party) },
    }),
  ),
  ...atBoth("an unknown client", (party, path) =>
    post(party, path, { authorization: basicOf({ id: "nobody", secret: "x" }), form: { token: "garbage" } }),
  ),
  ...atBoth("the client in the form", async (party, path) =>
    post(party, path, {
      authorization: null,
      form: { token: await own(party), client_id: party.client.id, client_secret: party.client.secret },
    }),
  ),
  ...atBoth("the client in header and form", async (party, path) =>
    post(party, path, { form: { token: await own(party), client_secret: party.client.secret } }),
  ),
  ...atBoth("a bearer token that is none", (party, path) =>
    post(party, path, { authorization: "Bearer garbage", form: { token: "garbage" } }),
  ),
];

const sent: readonly Case[] = [
  ...atBoth("GET", (party, path) => post(party, path, { method: "GET", query: "?token=garbage" })),
  ...atBoth("the token in the query", (party, path) => post(party, path, { query: "?token=garbage" })),
  ...atBoth("as JSON", (party, path) =>
    post(party, path, { headers: [["Content-Type", "application/json"]], body: '{"token":"garbage"}' }),
  ),
  ...atBoth("without a type", (party, path) => post(party, path, { headers: [], body: "token=garbage" })),
];

const introspect = (party: Party, token: string, client = party.client) =>
  post(party, party.introspection, { authorization: basicOf(client), form: { token } });
const revoke = (party: Party, token: string) => post(party, party.revocation, { form: { token } });

const sequences: readonly Case[] = [
  {
    name: "RFC 7009 2.1: a revoked token is dead",
    requests: async (party) => {
      const token = await own(party);
      return [introspect(party, token), revoke(party, token), introspect(party, token)];
    },
  },
  {
    name: "RFC 7009 2.2: revoking twice",
    requests: async (party) => {
      const token = await own(party);
      return [revoke(party, token), revoke(party, token)];
    },
  },
  {
    name: "RFC 7009 2.1: another client's token stays alive",
    requests: async (party) => {
      const token = await party.liveToken(party.foreign);
      return [revoke(party, token), introspect(party, token, party.foreign)];
    },
  },
  {
    name: "RFC 7662 2.2: another client's token of another organization",
    requests: async (party) => [introspect(party, await party.liveToken(party.foreign))],
  },
];

export const tokenCases: readonly Case[] = [...tokens, ...clients, ...sent, ...sequences];
