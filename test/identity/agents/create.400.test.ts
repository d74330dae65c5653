import { describe, expect, it } from "vitest";
import { agentFields, call, theOperator } from "../../support/api.ts";

const rules: [name: string, fields: Record<string, unknown>, path: string, message: string][] = [
  ["no e-mail", { email: undefined }, "email", "must be an e-mail address"],
  ["an e-mail without a domain", { email: "nobody" }, "email", "must be an e-mail address"],
  [
    "an e-mail with a line break",
    { email: "a@example.com\r\nBcc: b@example.com" },
    "email",
    "must be an e-mail address",
  ],
  [
    "an e-mail of 255 characters",
    { email: `${"a".repeat(243)}@example.com` },
    "email",
    "must have at most 254 characters",
  ],
  [
    "an unknown agentType",
    { agentType: "robot" },
    "agentType",
    "must be one of screener, classifier, orchestrator, extractor, summarizer, router, monitor, custom",
  ],
  [
    "a version of two numbers",
    { version: "1.0" },
    "version",
    "must be a semantic version, such as 1.4.0 or 2.0.0-rc.1",
  ],
  [
    "a version with a leading zero",
    { version: "01.0.0" },
    "version",
    "must be a semantic version, such as 1.4.0 or 2.0.0-rc.1",
  ],
  ["a version with a v", { version: "v1.0.0" }, "version", "must be a semantic version, such as 1.4.0 or 2.0.0-rc.1"],
  ["a version of 65 characters", { version: `1.0.0-${"a".repeat(59)}` }, "version", "must have at most 64 characters"],
  ["no capability", { capabilities: [] }, "capabilities", "must name at least one capability"],
  ["capabilities as a text", { capabilities: "resume:read" }, "capabilities", "must be a list of capabilities"],
  [
    "65 capabilities",
    { capabilities: Array.from({ length: 65 }, (_, index) => `r-${index}:read`) },
    "capabilities",
    "must name at most 64 capabilities",
  ],
  [
    "a capability twice",
    { capabilities: ["resume:read", "resume:read"] },
    "capabilities",
    "must not name the same thing twice",
  ],
  [
    "a capability in upper case",
    { capabilities: ["Resume:read"] },
    "capabilities.0",
    "must be resource:action, such as resume:read",
  ],
  [
    "a capability without an action",
    { capabilities: ["resume"] },
    "capabilities.0",
    "must be resource:action, such as resume:read",
  ],
  [
    "a capability with a space",
    { capabilities: ["resume:read x:y"] },
    "capabilities.0",
    "must be resource:action, such as resume:read",
  ],
  [
    "a capability for every resource",
    { capabilities: ["*:read"] },
    "capabilities.0",
    "must be resource:action, such as resume:read",
  ],
  [
    "a platform scope as a capability",
    { capabilities: ["resume:read", "agents:write"] },
    "capabilities.1",
    "is a scope of the platform; name it in grantedScopes instead",
  ],
  ["an empty owner", { owner: "" }, "owner", "must have at least 1 character"],
  ["an owner of 129 characters", { owner: "o".repeat(129) }, "owner", "must have at most 128 characters"],
  ["an owner with a line break", { owner: "team\r\nX-Evil: 1" }, "owner", "must not hold control characters"],
  ["an owner with a null character", { owner: "team\u0000" }, "owner", "must not hold control characters"],
  ["an owner with a lone surrogate", { owner: "team\ud800" }, "owner", "must not hold control characters"],
  [
    "an unknown deploymentEnv",
    { deploymentEnv: "moon" },
    "deploymentEnv",
    "must be one of development, staging, production",
  ],
  [
    "a description of 1,001 characters",
    { description: "d".repeat(1001) },
    "description",
    "must have at most 1000 characters",
  ],
  [
    "a description with an escape",
    { description: "\u001b[31mred" },
    "description",
    "must not hold control characters other than line breaks and tabs",
  ],
  [
    "a capability as a granted scope",
    { grantedScopes: ["resume:read"] },
    "grantedScopes.0",
    "must be one of agents:read, agents:write, tokens:read, delegations:write, audit:read, webhooks:read, webhooks:write, admin:orgs",
  ],
  [
    "openid as a granted scope: every agent may ask for it",
    { grantedScopes: ["openid"] },
    "grantedScopes.0",
    "must be one of agents:read, agents:write, tokens:read, delegations:write, audit:read, webhooks:read, webhooks:write, admin:orgs",
  ],
  [
    "a granted scope twice",
    { grantedScopes: ["audit:read", "audit:read"] },
    "grantedScopes",
    "must not name the same thing twice",
  ],
  ["isPublic as a text", { isPublic: "true" }, "isPublic", "must be true or false"],
  ["an organization that is no UUID", { organization_id: "mine" }, "organization_id", "must be a UUID"],
  ["an unknown field", { role: "admin" }, "role", "is not a known field"],
  ["an agentId", { agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }, "agentId", "is not a known field"],
  ["a status", { status: "active" }, "status", "is not a known field"],
];

describe("POST /agents 400", () => {
  it.each(rules)("%s", async (_, fields, path, message) => {
    const { token } = await theOperator();
    const answer = await call("/api/v1/agents", { token, json: agentFields(fields) });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.code).toBe("VALIDATION_ERROR");
    expect(
      answer.body.details.issues.map((issue: { path: string; message: string }) => [issue.path, issue.message]),
    ).toEqual([[path, message]]);
  });

  it("__proto__ in the body is an unknown field or ignored, and pollutes nothing", async () => {
    const { token } = await theOperator();
    const body = `{"__proto__":{"isAdmin":true},${JSON.stringify(agentFields()).slice(1)}`;
    const answer = await call("/api/v1/agents", { token, body, headers: { "Content-Type": "application/json" } });
    expect([201, 400]).toContain(answer.status);
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
  });

  it.each([
    ["malformed JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["a text", '"agent"'],
    ["nothing", ""],
  ])("a body of %s", async (_, body) => {
    const { token } = await theOperator();
    const answer = await call("/api/v1/agents", {
      token,
      body,
      method: "POST",
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.code).toBe("VALIDATION_ERROR");
  });

  it("a private key is refused, and its value not sent back", async () => {
    const { token } = await theOperator();
    const pair = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
    ])) as CryptoKeyPair;
    const jwk = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
    const answer = await call("/api/v1/agents", { token, json: agentFields({ publicKeyJwk: jwk }) });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.details.issues[0].path).toBe("publicKeyJwk");
    expect(answer.text).not.toContain(jwk.d);
  });

  it("a point that is not on the curve is no key", async () => {
    const { token } = await theOperator();
    const publicKeyJwk = { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) };
    const answer = await call("/api/v1/agents", { token, json: agentFields({ publicKeyJwk }) });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.details.issues).toEqual([
      { path: "publicKeyJwk", message: "is no usable key: its point or its modulus is not valid" },
    ]);
  });
});
