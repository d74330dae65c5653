/**
 * Every operation of the document is called once, with its example, and the example of its answer is read with unknown fields
 * refused. The document is the judge: method, path, query, body and sign-in of each request are compared with it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { AccessToken, AgentIdPClient, ClientSecret, Secret, setUp } from "@sentryagent/idp-sdk";
import type { Any } from "./_suite.ts";

const library = process.env.AGENTIDP_SDK_FOLDER ?? "";
const document: Any = JSON.parse(readFileSync(join(library, "../openapi.json"), "utf8"));
const base = "https://idp.example.com";
const id = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

interface Documented {
  readonly path: string;
  readonly method: string;
  readonly operation: Any;
}

const documented: Documented[] = Object.entries<Any>(document.paths).flatMap(([path, item]) =>
  Object.entries<Any>(item)
    .filter(([, operation]) => operation["x-sdk-call"] !== false)
    .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

/** An example by its own name, or the first of several. */
const exampleOf = (media: Any): Any => media?.example ?? Object.values<Any>(media?.examples ?? {})[0]?.value;

const contentOf = (answer: Any): readonly [string, Any] | undefined => Object.entries<Any>(answer?.content ?? {})[0];

/** The calls whose parameters are not those of the document, with what they are called with. */
const argumentsOf: Readonly<Record<string, readonly unknown[]>> = {
  "tokens.issue": [{ scopes: ["agents:read"] }],
  "tokens.introspect": ["a-token"],
  "tokens.revoke": [new Secret("a-token")],
};

/** The paths of components that have no members of their own. */
const member = (of: Any, path: string) => path.split(".").reduce((value, key) => value?.[key], of);

/** The value as it was on the wire. */
function wire(value: Any): Any {
  if (value instanceof Secret) return value.expose();
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(wire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wire(item)]));
}

/** Times with and without milliseconds are the same time. */
const sameTimes = (value: Any): Any =>
  JSON.parse(JSON.stringify(value), (_, item) =>
    typeof item === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(item) ? new Date(item).toISOString() : item,
  );

describe("every operation of the document", () => {
  let covered = 0;
  for (const { path, method, operation } of documented) {
    const call: string = operation["x-sdk-call"];
    test(`${call}: ${method} ${path}`, async () => {
      const [status, answer] = Object.entries<Any>(operation.responses).find(([code]) => Number(code) < 300) ?? [];
      const [media = "", content] = contentOf(answer) ?? [];
      const example = exampleOf(content) ?? content?.schema?.example;
      const isJson = media.endsWith("json") && !media.endsWith("ndjson");
      const sent: Request[] = [];
      const fetch = async (input: string | URL | Request, init?: RequestInit) => {
        sent.push(new Request(input, init));
        const text = content ? (isJson ? JSON.stringify(example) : String(example ?? "bytes")) : null;
        return new Response(Number(status) === 204 ? null : text, {
          status: Number(status),
          headers: { "content-type": media },
        });
      };
      const [bodyMedia, bodyContent] = contentOf(operation.requestBody) ?? [];
      const body = exampleOf(bodyContent);
      const pathArguments = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
        name === "domain" ? "example.com" : id,
      );
      const args = argumentsOf[call] ?? [...pathArguments, ...(bodyContent ? [body] : [])];
      const credentials = call.startsWith("tokens.issue") ? new ClientSecret(id, "secret") : new AccessToken("token");
      const options = { fetch, refuseUnknownFields: true };
      const client: Any = new AgentIdPClient(base, credentials, options);
      const part = member(client, call.slice(0, call.lastIndexOf(".")));
      const name = call.slice(call.lastIndexOf(".") + 1);
      const value = await (call === "setUp" ? setUp(base, "token", body, options) : part[name](...args));

      const [request] = sent;
      assert.equal(sent.length, 1);
      assert.equal(request?.method, method);
      const filled = path.replace(/\{(\w+)\}/g, (_, parameter) => (parameter === "domain" ? "example.com" : id));
      const url = new URL(request?.url ?? "");
      assert.equal(url.pathname, filled);
      const known = (operation.parameters ?? []).filter((one: Any) => one.in === "query").map((one: Any) => one.name);
      assert.deepEqual(
        [...url.searchParams.keys()].filter((key) => !known.includes(key)),
        [],
      );
      const isPublic = operation.security.length === 0 && call !== "setUp";
      assert.equal(request?.headers.get("authorization") !== null, !isPublic, "whether it signs in");
      assert.equal(request?.headers.get("idempotency-key") !== null, operation["x-sdk-retry"] === "keyed");
      assert.equal(request?.headers.get("content-type") ?? undefined, bodyMedia);
      if (bodyMedia === "application/json") assert.deepEqual(await request?.json(), body);
      if (isJson) assert.deepEqual(sameTimes(wire(value)), sameTimes(example));
      if (media.startsWith("text/")) assert.equal(value, String(example));
      covered++;
    });
  }

  test("is covered", (context) => {
    context.diagnostic(`${covered} of ${documented.length} operations were called`);
    assert.equal(covered, documented.length);
  });
});
