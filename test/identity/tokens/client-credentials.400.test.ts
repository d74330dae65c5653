import { beforeAll, describe, expect, it } from "vitest";
import { type Call, type Client, call, newClient, theOperator } from "../../support/api.ts";

let agent: Client;

beforeAll(async () => {
  agent = await newClient((await theOperator()).token);
});

const ask = (init: Call) => call("/api/v1/token", init);

describe("RFC 6749 5.2: errors of the token endpoint", () => {
  it.each([
    ["invalid_request", "no grant_type", { scope: "agents:read" }],
    ["unsupported_grant_type", "a grant that is not there", { grant_type: "password", username: "a", password: "b" }],
    ["invalid_request", "RFC 6749 3.2: a grant_type without a value was left out", { grant_type: "" }],
    ["invalid_scope", "two spaces", { grant_type: "client_credentials", scope: "agents:read  audit:read" }],
    ["invalid_scope", "a quote in a scope", { grant_type: "client_credentials", scope: 'a"b' }],
    ["invalid_target", "RFC 8707: a relative resource", { grant_type: "client_credentials", resource: "/api" }],
    [
      "invalid_target",
      "RFC 8707: a resource with a fragment",
      { grant_type: "client_credentials", resource: "https://a.example/#b" },
    ],
  ])("%s: %s", async (error, _, form) => {
    const answer = await ask({ basic: agent, form });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error,
      code: "VALIDATION_ERROR",
      requestId: answer.headers.get("X-Request-Id"),
    });
    expect(answer.body.error_description).toBe(answer.body.message);
  });

  it.each([
    ["scopes", "invalid_request", "scopes is no parameter: send scope, with one space between the scopes."],
    ["scope[]", "invalid_request", "scope[] is no parameter: send scope, with one space between the scopes."],
    ["scope[0]", "invalid_request", "scope[0] is no parameter: send scope, with one space between the scopes."],
    ["Scope", "invalid_request", "Scope is no parameter: send scope, with one space between the scopes."],
    ["audience", "invalid_target", "audience is no parameter: send resource (RFC 8707), the identifier of one API."],
    [
      "audience[]",
      "invalid_target",
      "audience[] is no parameter: send resource (RFC 8707), the identifier of one API.",
    ],
    ["resources", "invalid_target", "resources is no parameter: send resource (RFC 8707), the identifier of one API."],
    ["Resource", "invalid_target", "Resource is no parameter: send resource (RFC 8707), the identifier of one API."],
  ])("a token is not issued without regard to %s: %s", async (name, error, description) => {
    const answer = await ask({ basic: agent, form: { grant_type: "client_credentials", [name]: "agents:read" } });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error, error_description: description });
  });

  it("a name of another kind is ignored, and so is a misspelt one without a value", async () => {
    const form = { grant_type: "client_credentials", scoped: "x", microscope: "x", "scope[]": "" };
    expect((await ask({ basic: agent, form })).status).toBe(200);
  });

  it.each([{}, { grant_type: "" }])("a grant_type that was not sent is missing: %o", async (form) => {
    const answer = await ask({ basic: agent, form });
    expect(answer.body.error_description).toBe("grant_type is missing.");
  });

  it("invalid_scope names what is outside", async () => {
    const answer = await ask({
      basic: agent,
      form: { grant_type: "client_credentials", scope: "agents:read payroll:write" },
    });
    expect(answer.body).toMatchObject({ error: "invalid_scope", details: { outside: ["payroll:write"] } });
    expect(answer.body.error_description).toContain("payroll:write");
  });

  it("invalid_scope names at most ten scopes, of 64 characters each", async () => {
    const scope = Array.from({ length: 20 }, (_, index) => `s${index}:${"x".repeat(200)}`).join(" ");
    const { body } = await ask({ basic: agent, form: { grant_type: "client_credentials", scope } });
    expect(body.details.outside).toHaveLength(10);
    expect(body.details.outside[9]).toBe(`s9:${"x".repeat(61)}`);
  });

  it("RFC 6749 2.3: refuses two ways of client authentication in one request", async () => {
    const answer = await ask({
      basic: agent,
      form: { grant_type: "client_credentials", client_id: agent.clientId, client_secret: agent.clientSecret },
    });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe("invalid_request");
  });

  it("RFC 6749 2.3: a default Authorization header beside the secret in the form is named", async () => {
    const { clientId, clientSecret } = agent;
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
    const answer = await ask({ token: "x", form });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: "invalid_request",
      error_description:
        "Authenticate the client in one way only: by the Authorization header, by client_secret or by client_assertion.",
    });
  });

  it("refuses a client_id that is not the authenticated client", async () => {
    const other = await newClient((await theOperator()).token);
    const answer = await ask({ basic: agent, form: { grant_type: "client_credentials", client_id: other.clientId } });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe("invalid_request");
  });

  it("RFC 6749 3.2: refuses a parameter that is sent twice", async () => {
    const form = new URLSearchParams({ grant_type: "client_credentials", scope: "agents:read" });
    form.append("scope", "audit:read");
    const answer = await ask({ basic: agent, form });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: "invalid_request", details: { issues: [{ path: "scope" }] } });
  });

  it("415: takes no JSON", async () => {
    const answer = await ask({ basic: agent, json: { grant_type: "client_credentials" } });
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({ error: "invalid_request", code: "UNSUPPORTED_MEDIA_TYPE" });
  });

  it("405: takes no GET", async () => {
    const answer = await call("/api/v1/token");
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")).toBe("POST");
  });
});
