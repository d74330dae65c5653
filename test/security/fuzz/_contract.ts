/** What every answer of the service keeps to, whatever was asked: the conventions, and the OpenAPI document. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { problemRegistry } from "../../../src/platform/problems/problems.ts";
import type { Schema } from "./_json-schema.ts";
import type { WireAnswer } from "./_wire.ts";

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
  /** Whether anybody may call it. */
  readonly isPublic: boolean;
}

export interface OpenApi {
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Content>>;
  };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, "method" | "path">>>>>;
}

/** Responses by status. Those of errors are references to components. */
function withoutReferences(document: OpenApi, responses: Operation["responses"]): Operation["responses"] {
  const named = (response: Content & { readonly $ref?: string }) =>
    document.components.responses[response.$ref?.split("/").at(-1) ?? ""] ?? response;
  return Object.fromEntries(Object.entries(responses).map(([status, response]) => [status, named(response)]));
}

/** Every operation of the document, so that a new route is attacked the day it is added. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...operation,
      responses: withoutReferences(document, operation.responses),
      method: method.toUpperCase(),
      path,
      parameters: operation.parameters ?? [],
      isPublic: (operation as { security?: readonly unknown[] }).security?.length === 0,
    })),
  );
}

/** Tells whether a value fits a schema of the document. Formats are left to the service: they are told apart by its own tests. */
export function schemasOf(document: OpenApi): (schema: Schema, value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, discriminator: false, logger: false });
  ajv.addSchema({ $id: "document", ...document });
  const compiled = new Map<Schema, ValidateFunction>();
  const absolute = (_: string, value: unknown) =>
    typeof value === "string" && value.startsWith("#/") ? `document${value}` : value;
  return (schema, value) => {
    const validate = compiled.get(schema) ?? ajv.compile(JSON.parse(JSON.stringify(schema), absolute));
    compiled.set(schema, validate);
    return validate(value) as boolean;
  };
}

const oauthEndpoint = /^\/api\/v1\/(token|oauth2|oidc\/token)(\/|$)/;
/** RFC 6749 5.2: the characters of `error` and `error_description`. */
const oauthText = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const members = ["code", "message", "details", "hint", "docs", "requestId", "error", "error_description"];
/** The members of a resolution result, which an error about the DID has beside them (DID Core 7.1). */
const resolutionMembers = ["@context", "didDocument", "didDocumentMetadata", "didResolutionMetadata"];

/** An error is the problem object, with the headers that belong to its status. */
function expectProblem(answer: WireAnswer, path: string): void {
  const { status, headers, body } = answer;
  expect(headers.get("Content-Type")).toMatch(/^application\/json(; charset=utf-8)?$/i);
  expect(problemRegistry[body.code as keyof typeof problemRegistry]?.status, answer.text).toBe(status);
  expect(body.requestId).toBe(headers.get("X-Request-Id"));
  expect(typeof body.message).toBe("string");
  expect(body.message).not.toBe("");
  expect(body.hint).toMatch(/./);
  expect(body.docs).toMatch(new RegExp(`^http://[^/]+/errors#${body.code}$`));
  const allowed = path.endsWith("/did/resolve") ? [...members, ...resolutionMembers] : members;
  if (status !== 410) expect(allowed).toEqual(expect.arrayContaining(Object.keys(body)));
  // An answer that grows with what it refuses would be a lever for whoever wants it to.
  expect(Buffer.byteLength(answer.text), answer.text).toBeLessThan(4_096);
  if (oauthEndpoint.test(path)) {
    expect(body.error).toMatch(/^[a-z_]+$/);
    expect(body.error_description).toMatch(oauthText);
  }
  if (status === 401) expect(headers.get("WWW-Authenticate")).toMatch(/^(Bearer|Basic|DPoP) /);
  if (status === 405) expect(headers.get("Allow")).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  if (status === 429 || status === 503) expect(headers.get("Retry-After")).toMatch(/^\d+$/);
}

/** What holds for every answer to every request. Never a 5xx: an error of the service is an error. */
export function expectOrdinary(answer: WireAnswer, path: string): void {
  const { status, headers } = answer;
  expect(status, answer.text).toBeLessThan(500);
  expect(headers.get("X-Request-Id")).toMatch(/^[A-Za-z0-9_=-]{1,64}$/);
  expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
  if (status >= 400) expectProblem(answer, path.split("?")[0]!);
}

/** What holds for every answer of an operation: its status is declared, and its body is as declared for it. */
export function expectDeclared(fits: ReturnType<typeof schemasOf>, operation: Operation, answer: WireAnswer): void {
  const declared = operation.responses[answer.status];
  if (!declared) throw new Error(`${answer.status} is not declared: ${answer.text}`);
  const type = answer.headers.get("Content-Type")?.split(";")[0] ?? "";
  if (answer.text !== "" && /[/+]json$/.test(type)) {
    const schema = declared.content?.[type]?.schema;
    if (!schema) throw new Error(`${type} is not declared for ${answer.status}`);
    expect(fits(schema, answer.body), `not as declared: ${answer.text}`).toBe(true);
  }
}
