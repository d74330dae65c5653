import { describe, expect, it } from "vitest";
import { newOrganization, issuer as ownIssuer, theOperator } from "../../support/api.ts";
import { newPartner, trust } from "./_support.ts";

async function expectRefused(fields: Record<string, unknown>, path: string, message: string): Promise<void> {
  const answer = await trust((await theOperator()).token, fields);
  expect(answer.status, answer.text).toBe(400);
  expect(answer.body.code).toBe("VALIDATION_ERROR");
  expect(answer.body.details.issues).toMatchObject([{ path, message }]);
}

/** RFC 7517 A.1. */
const publicKey = {
  kty: "EC",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
};
const keySetRule = 'must be a key set: {"keys": [...]} with 1 to 20 public keys';
const keyRule = "must hold keys that verify signatures: EC P-256 or P-384, Ed25519, RSA of 2048 to 8192 bits";
const privateRule = "holds a private key, which must never be sent: consider it leaked and make another";

const audiencesRule = "must be up to 50 texts, each once, of 1 to 512 characters";
const organizationsRule = "must be null or 1 to 100 texts, each once, of 1 to 128 characters";

it.each<[string, Record<string, unknown>, string, string]>([
  ["no name", { name: undefined }, "name", "must be a text"],
  ["a name of 1 character", { name: "A" }, "name", "must have at least 2 characters"],
  ["a name of 101 characters", { name: "A".repeat(101) }, "name", "must have at most 100 characters"],
  ["a name with a line break", { name: "Ac\r\nme" }, "name", "must not hold control characters"],
  ["a name with half a character", { name: "Acme \ud800" }, "name", "must not hold control characters"],
  ["no issuer", { issuer: undefined }, "issuer", "must be an https URL"],
  ["a number as issuer", { issuer: 7 }, "issuer", "must be an https URL"],
  ["an issuer with a query", { issuer: "https://idp.acme.example/?a" }, "issuer", "must not have a query"],
  ["an issuer with a fragment", { issuer: "https://idp.acme.example/#a" }, "issuer", "must not have a fragment"],
  ["this service as issuer", { issuer: ownIssuer }, "issuer", "must not be this service itself"],
  ["a path of this service", { issuer: `${ownIssuer}/other` }, "issuer", "must not be this service itself"],
  [
    "this service's keys",
    { jwksUri: `${ownIssuer}/.well-known/jwks.json` },
    "jwksUri",
    "must not be this service itself",
  ],
  [
    "this service as issuer, with keys",
    { issuer: ownIssuer, jwks: { keys: [publicKey] } },
    "issuer",
    "must not be this service itself",
  ],
  ["a list as key set", { jwks: [publicKey] }, "jwks", keySetRule],
  ["no key", { jwks: { keys: [] } }, "jwks.keys", keySetRule],
  ["21 keys", { jwks: { keys: Array(21).fill(publicKey) } }, "jwks", keySetRule],
  ["a secret", { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } }, "jwks", privateRule],
  ["a private key", { jwks: { keys: [{ ...publicKey, d: "AAAA" }] } }, "jwks", privateRule],
  ["a key for encryption alone", { jwks: { keys: [{ ...publicKey, use: "enc" }] } }, "jwks", keyRule],
  ["a point that is not on the curve", { jwks: { keys: [{ ...publicKey, x: publicKey.y }] } }, "jwks", keyRule],
  [
    "keys and their address",
    { jwks: { keys: [publicKey] }, jwksUri: "https://keys.acme.example" },
    "jwks",
    "must be null when jwks and jwksUri are both present",
  ],
  ["no organization", { allowedOrganizations: [] }, "allowedOrganizations", organizationsRule],
  ["one organization as text", { allowedOrganizations: "one" }, "allowedOrganizations", organizationsRule],
  ["an organization twice", { allowedOrganizations: ["one", "one"] }, "allowedOrganizations", organizationsRule],
  [
    "101 organizations",
    { allowedOrganizations: Array.from({ length: 101 }, (_, id) => `org-${id}`) },
    "allowedOrganizations",
    organizationsRule,
  ],
  [
    "an organization of 129 characters",
    { allowedOrganizations: ["a".repeat(129)] },
    "allowedOrganizations.0",
    organizationsRule,
  ],
  ["one audience as text", { audiences: "https://api.example" }, "audiences", audiencesRule],
  ["an audience twice", { audiences: ["one", "one"] }, "audiences", audiencesRule],
  ["an empty audience", { audiences: [""] }, "audiences.0", audiencesRule],
  ["an audience of 513 characters", { audiences: ["a".repeat(513)] }, "audiences.0", audiencesRule],
  ["51 audiences", { audiences: Array.from({ length: 51 }, (_, id) => `api-${id}`) }, "audiences", audiencesRule],
  ["requireScopes as text", { requireScopes: "true" }, "requireScopes", "must be true or false"],
  ["an end in the past", { expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt", "must be in the future"],
  [
    "an end without offset",
    { expiresAt: "2099-01-01T00:00:00" },
    "expiresAt",
    "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z",
  ],
  ["a status", { status: "active" }, "status", "is not a known field"],
  ["an organization_id", { organization_id: "other" }, "organization_id", "is not a known field"],
])("%s is refused by name", (_, fields, path, message) => expectRefused(fields, path, message));

describe.each(["issuer", "jwksUri"])("the outbound guard stands before %s", (path) => {
  it.each<[string, string]>([
    ["http://idp.acme.example", "must be https"],
    ["ftp://idp.acme.example", "must be an absolute https URL"],
    ["idp.acme.example", "must be an absolute https URL"],
    ["https://user:pass@idp.acme.example", "must not hold credentials"],
    ["https://10.0.0.1", "must name a host, not an IP address"],
    ["https://169.254.169.254", "must name a host, not an IP address"],
    ["https://2852039166", "must name a host, not an IP address"],
    ["https://metadata.google.internal", "must not name a host of an internal network"],
    ["https://idp.acme.example:6379", "must use port 443 or 8443"],
    [`https://idp.acme.example/${"a".repeat(2048)}`, "must have at most 2048 characters"],
  ])("%s", (url, message) => expectRefused({ [path]: url }, path, message));
});

it("the issuer of a partner that is there", async () => {
  const { token } = await newOrganization();
  const { issuer } = await newPartner(token);
  const answer = await trust(token, { issuer });
  expect(answer.status).toBe(400);
  expect(answer.body.details.issues).toEqual([
    { path: "issuer", message: "is the issuer of another partner", received: issuer },
  ]);
});

it("of 10 at once for one issuer, one wins", async () => {
  const { token } = await newOrganization();
  const issuer = "https://idp.race.example";
  const answers = await Promise.all(Array.from({ length: 10 }, () => trust(token, { issuer })));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(400)]);
});
