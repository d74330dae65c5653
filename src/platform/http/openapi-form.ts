/** What the generator of the OpenAPI document does not do: shared errors, examples, and the usual names of headers. */

import { exampleOf, type Schema, type Schemas } from "./openapi-examples.ts";

interface Media {
  readonly schema?: Schema;
  readonly examples?: object;
}

interface Body {
  readonly content?: Readonly<Record<string, Media>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** An OpenAPI document, as far as it is changed here. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, object>>;
}

/** The document with each operation changed. */
export function eachOperation<D extends OpenApiDocument>(document: D, change: (operation: Operation) => Operation): D {
  const paths = Object.entries(document.paths).map(([path, item]) => {
    return [path, Object.fromEntries(Object.entries(item).map(([method, operation]) => [method, change(operation)]))];
  });
  return { ...document, paths: Object.fromEntries(paths) };
}

/** The document with an example of each JSON body and each form, but those of errors, which have one for each code. */
export function withExamples<D extends OpenApiDocument>(document: D): D {
  const { schemas } = document.components as { readonly schemas: Schemas };
  const withExample = <B extends Body>(body: B, isRequest: boolean): B => {
    const content = Object.entries(body.content ?? {}).map(([type, media]) => {
      const isShown = /[/+]json$|urlencoded$/.test(type) && media.schema && !media.examples;
      return [type, isShown ? { ...media, example: exampleOf(media.schema, schemas, isRequest) } : media];
    });
    return body.content ? { ...body, content: Object.fromEntries(content) } : body;
  };
  return eachOperation(document, ({ requestBody, responses, ...operation }) => ({
    ...operation,
    ...(requestBody ? { requestBody: withExample(requestBody, true) } : {}),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, withExample(response, false)]),
    ),
  }));
}

/** `AGENT_NOT_FOUND` → `AgentNotFound`. */
const nameOf = (code: string) => code.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * The document with one component for each set of error codes of a status, and references to it. An error response is one with
 * an example for each of its codes.
 */
export function withSharedErrors<D extends OpenApiDocument>(document: D): D {
  const shared = new Map<string, Body>();
  const sharedFormOf = ([status, response]: [string, Body]) => {
    const codes = Number(status) < 400 ? [] : Object.keys(response.content?.["application/json"]?.examples ?? {});
    if (codes.length === 0) return [status, response];
    const name = codes.sort().map(nameOf).join("Or");
    shared.set(name, response);
    return [status, { $ref: `#/components/responses/${name}` }];
  };
  const changed = eachOperation(document, (operation) => ({
    ...operation,
    responses: Object.fromEntries(Object.entries(operation.responses).map(sharedFormOf)),
  }));
  const responses = Object.fromEntries([...shared].sort(([one], [other]) => (one < other ? -1 : 1)));
  return { ...changed, components: { ...document.components, responses } };
}

/**
 * The document with the usual names of header parameters, such as `Stripe-Signature`. The definitions have them in lower case, as the
 * router reads them.
 */
export const withUsualHeaderNames = <D extends OpenApiDocument>(document: D): D =>
  eachOperation(document, ({ parameters = [], ...operation }) => ({
    ...operation,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(withUsualName) }),
  }));

const withUsualName = (parameter: Parameter): Parameter =>
  parameter.in === "header"
    ? { ...parameter, name: parameter.name.replace(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase()) }
    : parameter;

/** The document with scopes for OAuth only: before 3.1, another scheme must not have any. */
export const withScopesOfOAuthOnly = <D extends OpenApiDocument>(document: D): D =>
  eachOperation(document, ({ security, ...operation }) => ({
    ...operation,
    ...(security ? { security: security.map(withoutScopes) } : {}),
  }));

const withoutScopes = (requirement: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(requirement).map(([name, scopes]) => [name, name === "oauth2" ? scopes : []]));
