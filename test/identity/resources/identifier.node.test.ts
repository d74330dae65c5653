/** RFC 8707 2 and RFC 3986 6: which texts can identify a resource, and which of them are the same one. */
import { describe, expect, it } from "vitest";
import { comparisonKey, readIdentifier } from "../../../src/identity/resources/identifier.ts";

const issuer = "https://idp.acme.com";
const kindOf = (text: string, development = false) => readIdentifier(text, issuer, development).kind;

describe("an identifier", () => {
  it.each([
    "https://api.acme.com",
    "https://api.acme.com/",
    "https://api.acme.com:8443/v1/Resumes",
    "https://api.acme.com/mcp/",
    "https://api.acme.com/a%2Fb/(c);d=1,2",
    "https://xn--bcher-kva.acme.com/",
    "https://idp.acme.com:8443/",
    "https://idp.acme.com.evil.com/",
  ])("%s is one", (text) => expect(kindOf(text)).toBe("url"));

  it.each(["urn:agentidp:acme:resumes", "urn:agentidp:acme-2:a.b_c-d", `urn:agentidp:acme:${"a".repeat(64)}`])(
    "%s is one",
    (text) => expect(kindOf(text)).toBe("urn"),
  );

  it.each([
    "",
    "api.acme.com",
    "//api.acme.com",
    "http://api.acme.com",
    "ftp://api.acme.com",
    "HTTPS://api.acme.com",
    "https://API.acme.com",
    "https://bücher.acme.com",
    "https://api.acme.com.",
    "https://",
    "https:///path",
    "https://user@api.acme.com",
    "https://user:secret@api.acme.com",
    "https://api.acme.com?x=1",
    "https://api.acme.com/#part",
    "https://api.acme.com\\evil.com",
    "https://api.acme.com/a/../b",
    "https://api.acme.com/a/./b",
    "https://api.acme.com/a/%2e%2E/b",
    "https://api.acme.com/a//b",
    "https://api.acme.com//",
    "https://api.acme.com/a b",
    "https://api.acme.com/ä",
    "https://api.acme.com/%zz",
    "https://api.acme.com:0",
    "https://api.acme.com:0443/v1",
    "https://api.acme.com:08443",
    "https://idp.acme.com:0443",
    "https://api.acme.com:65536",
    "https://api.acme.com:99999999",
    "https://192.168.0.1",
    "https://[2001:db8::1]",
    "https://localhost",
    "https://com",
    "https://github.io",
    issuer,
    `${issuer}/`,
    `${issuer}:443/api`,
    "urn:agentidp:acme",
    "urn:agentidp:ACME:resumes",
    "urn:agentidp:acme:Resumes",
    "urn:agentidp:acme:-resumes",
    `urn:agentidp:acme:${"a".repeat(65)}`,
    "urn:other:acme:resumes",
    `https://api.acme.com/${"a".repeat(500)}`,
  ])("%j is none", (text) => expect(kindOf(text)).toBe("none"));

  it("in development is one at a loopback host too, over http", () => {
    for (const text of [
      "http://localhost:3000/mcp",
      "http://127.0.0.1:9000",
      "http://[::1]:9000/",
      "http://app.localhost/",
    ]) {
      expect([text, kindOf(text, true), kindOf(text, false)]).toEqual([text, "url", "none"]);
    }
    expect(kindOf("http://api.acme.com", true)).toBe("none");
  });
});

describe("two identifiers", () => {
  it.each([
    ["https://a.com", "https://a.com/"],
    ["https://a.com/mcp", "https://a.com/mcp/"],
    ["https://a.com:443/mcp", "https://a.com/mcp"],
    ["http://localhost:80/x", "http://localhost/x"],
    ["https://a.com/%7Euser", "https://a.com/~user"],
    ["https://a.com/%2f", "https://a.com/%2F"],
    ["https://a.com/%41", "https://a.com/A"],
  ])("%s and %s are the same", (one, other) => expect(comparisonKey(one)).toBe(comparisonKey(other)));

  it.each([
    ["https://a.com/mcp", "https://a.com/MCP"],
    ["https://a.com/mcp", "https://a.com/mcp/v1"],
    ["https://a.com/mcp", "https://a.com/mcp//"],
    ["https://a.com/mcp", "http://a.com/mcp"],
    ["https://a.com", "https://a.com:8443"],
    ["https://a.com/a%2Fb", "https://a.com/a/b"],
    ["https://a.com", "https://b.a.com"],
    ["urn:agentidp:acme:x", "urn:agentidp:acme:x/"],
    ["https://a.com/x", "https://a.com/x?y"],
    ["https://a.com/x", "https://a.com/x#y"],
  ])("%s and %s are not", (one, other) => expect(comparisonKey(one)).not.toBe(comparisonKey(other)));
});
