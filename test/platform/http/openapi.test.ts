import { beforeAll, describe, expect, it } from "vitest";
import { platformScopes } from "../../../src/access/scopes.ts";
import { problemRegistry } from "../../../src/platform/problems/problems.ts";
import { type Answer, type Body, call, issuer } from "../../support/api.ts";

let answer: Answer;
let operations: { path: string; method: string; operation: Body }[];

beforeAll(async () => {
  answer = await call("/openapi.json");
  operations = Object.entries<Body>(answer.body.paths).flatMap(([path, item]) =>
    Object.entries<Body>(item).map(([method, operation]) => ({ path, method, operation })),
  );
});

/** Every value under a key, however deep. */
function valuesOf(key: string, node: unknown): unknown[] {
  if (node === null || typeof node !== "object") return [];
  return Object.entries(node).flatMap(([name, value]) => [...(name === key ? [value] : []), ...valuesOf(key, value)]);
}

describe("GET /openapi.json", () => {
  it("is an OpenAPI 3.1 document for this issuer", () => {
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "application/json"]);
    expect(answer.body.openapi).toBe("3.1.0");
    expect(answer.body.info.title).toBe("SentryAgent AgentIdP");
    expect(answer.body.info.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(answer.body.servers).toEqual([{ url: issuer }]);
  });

  it("can be read by scripts of any origin", async () => {
    const { headers } = await call("/openapi.json", { headers: { Origin: "https://tools.example" } });
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  });

  it("can be cached, and revalidated", async () => {
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=300");
    const tag = answer.headers.get("ETag") ?? "";
    const again = await call("/openapi.json", { headers: { "If-None-Match": tag } });
    expect([again.status, again.text, again.headers.get("ETag")]).toEqual([304, "", tag]);
  });

  it("names every operation once, in camel case", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z0-9][A-Za-z0-9]*)*$/);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it("declares the tags that the operations use, and no others", () => {
    const used = new Set(operations.flatMap(({ operation }) => operation.tags));
    const declared = answer.body.tags.map((tag: { name: string }) => tag.name);
    expect([...used].sort()).toEqual([...declared].sort());
  });

  it("has every path parameter", () => {
    for (const { path, method, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const described = (operation.parameters ?? []).filter((parameter: Body) => parameter.in === "path");
      expect(described.map((parameter: Body) => parameter.name).sort(), `${method} ${path}`).toEqual(named.sort());
    }
  });

  it("resolves every reference in itself", () => {
    const references = valuesOf("$ref", answer.body);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const [, , kind = "", name = ""] = String(reference).split("/");
      expect(Object.keys(answer.body.components[kind] ?? {}), String(reference)).toContain(name);
    }
  });

  it("has patterns as JSON Schema reads them: with `u`, without delimiters", () => {
    for (const pattern of valuesOf("pattern", answer.body)) {
      expect(() => new RegExp(String(pattern), "u")).not.toThrow();
      expect(pattern).not.toMatch(/\/[a-z]*$/);
    }
  });

  it("says what each operation asks of its caller, by schemes and scopes that exist", () => {
    for (const { path, method, operation } of operations) {
      const name = `${method} ${path}`;
      const schemes = operation.security.flatMap((requirement: Body) => Object.keys(requirement));
      expect(Object.keys(answer.body.components.securitySchemes), name).toEqual(expect.arrayContaining(schemes));
      const scopes = operation.security.flatMap((requirement: Body) => Object.values(requirement)).flat();
      expect(platformScopes, name).toEqual(expect.arrayContaining(scopes));
      if (schemes.includes("bearer")) expect(Object.keys(operation.responses), name).toContain("401");
      if (scopes.length > 0) expect(Object.keys(operation.responses), name).toContain("403");
    }
    const { tokenUrl, scopes } = answer.body.components.securitySchemes.oauth2.flows.clientCredentials;
    expect(tokenUrl).toBe(`${issuer}/api/v1/token`);
    expect(Object.keys(scopes)).toEqual([...platformScopes]);
  });

  it("has every error as a Problem, with an example of each of its codes", () => {
    for (const { path, method, operation } of operations) {
      const errors = Object.entries<Body>(operation.responses).filter(([status]) => Number(status) >= 400);
      expect(
        errors.map(([status]) => status),
        `${method} ${path}`,
      ).toEqual(expect.arrayContaining(["500", "503"]));
      for (const [status, { $ref }] of errors) {
        const response = answer.body.components.responses[$ref.replace("#/components/responses/", "")];
        const { schema, examples } = response.content["application/json"];
        expect(schema).toEqual({ $ref: "#/components/schemas/Problem" });
        for (const code of Object.keys(examples)) {
          expect(problemRegistry[code as keyof typeof problemRegistry].status, code).toBe(Number(status));
        }
      }
    }
  });

  it("says that a body can be too large, of the wrong type, or wrong", () => {
    for (const { path, method, operation } of operations.filter((entry) => entry.operation.requestBody)) {
      expect(Object.keys(operation.responses), `${method} ${path}`).toEqual(
        expect.arrayContaining(["400", "413", "415"]),
      );
    }
  });
});

describe("GET /openapi-3.0.json", () => {
  it("is the same API for tools that read no OpenAPI 3.1, to be cached as long, by scripts of any origin", async () => {
    const older = await call("/openapi-3.0.json", { headers: { Origin: "https://tools.example" } });
    expect([older.status, older.body.openapi]).toEqual([200, "3.0.3"]);
    expect(older.headers.get("Cache-Control")).toBe("public, max-age=300");
    expect(older.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(Object.keys(older.body)).not.toContain("webhooks");
    const idsOf = ({ paths }: Body) =>
      Object.values<Body>(paths).flatMap((item) => Object.values<Body>(item).map(({ operationId }) => operationId));
    expect(idsOf(older.body)).toEqual(idsOf(answer.body));
    const { expiresAt } = older.body.components.schemas.TrustPartner.properties;
    expect([expiresAt.type, expiresAt.nullable]).toEqual(["string", true]);
    expect(valuesOf("type", older.body).filter((type) => Array.isArray(type))).toEqual([]);
  });
});

describe("every operation in the document", () => {
  it("is there, and refuses another method with 405", async () => {
    for (const { path } of operations) {
      const filled = path.replaceAll(/\{\w+\}/g, "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10");
      // The console answers its own pages alone.
      const refused = await call(filled, { method: "PUT", headers: { "Sec-Fetch-Site": "same-origin" } });
      expect([refused.status, refused.body.code], path).toEqual([405, "METHOD_NOT_ALLOWED"]);
      const methods = operations.filter((entry) => entry.path === path).map((entry) => entry.method.toUpperCase());
      expect(refused.headers.get("Allow")?.split(", "), path).toEqual(expect.arrayContaining(methods));
    }
  });

  it("that takes a bearer token answers 401 without one, whatever the body is", async () => {
    for (const { path, method, operation } of operations) {
      if (!operation.security.some((requirement: Body) => "bearer" in requirement)) continue;
      const isOptional = operation.security.some((requirement: Body) => Object.keys(requirement).length === 0);
      if (isOptional) continue;
      const filled = path.replaceAll(/\{\w+\}/g, "not-an-id");
      const body = method === "get" ? {} : { body: "{", headers: { "Content-Type": "application/json" } };
      const refused = await call(filled, { method: method.toUpperCase(), ...body });
      expect([refused.status, refused.body.code], `${method} ${path}`).toEqual([401, "UNAUTHORIZED"]);
      expect(refused.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
    }
  });
});
