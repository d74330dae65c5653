/** The OpenAPI document, made from the mounted routes. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import type { Settings } from "../env.ts";
import { version } from "../version.ts";
import type { BaseEnv } from "./app-env.ts";
import { registerComponents, withPlainReferences } from "./components.ts";
import {
  type OpenApiDocument,
  withExamples,
  withScopesOfOAuthOnly,
  withSharedErrors,
  withUsualHeaderNames,
} from "./openapi-form.ts";

/** A heading of the reference. */
export interface Tag {
  /** The headings are sorted by it. */
  readonly position: number;
  readonly name: string;
  readonly description: string;
  /** The file of its guide, below `docs/guides`. */
  readonly guide?: string;
}

/** What the routes do not have: the headings, and the meaning of each scope. */
export interface Reference {
  readonly tags: readonly Tag[];
  readonly scopes: Readonly<Record<string, string>>;
}

const description = `An identity for every AI agent. An agent registers once and gets short-lived access tokens with a standard
OAuth 2.0 client. Every API can verify the tokens with the published keys alone.

Every error is \`{ code, message, details?, hint, docs, requestId }\`. Unknown query parameters are errors where a token is taken.
Lists are newest first unless a parameter says otherwise, and paged with \`limit\` and \`cursor\`.
Times are ISO 8601 in UTC. A body has at most 256 KiB. Every answer has \`X-Request-Id\`.`;

const securitySchemes = (issuer: string, scopes: Reference["scopes"]) => ({
  bearer: {
    type: "http" as const,
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token (RFC 9068) from the token endpoint, with the scopes of the operation.",
  },
  oauth2: {
    type: "oauth2" as const,
    description: "The client credentials grant (RFC 6749 4.4), which issues that access token.",
    flows: { clientCredentials: { tokenUrl: `${issuer}/api/v1/token`, scopes: { ...scopes } } },
  },
  session: {
    type: "apiKey" as const,
    in: "cookie" as const,
    name: "__Host-agentidp",
    description: "The cookie of a session of the console. Other methods than GET need its `X-CSRF-Token` too.",
  },
  clientSecretBasic: {
    type: "http" as const,
    scheme: "basic",
    description:
      "Client authentication: `client_id` and `client_secret` by HTTP Basic (RFC 6749 2.3.1). Instead, the form may have both " +
      "(`client_secret_post`), or `client_assertion` and `client_assertion_type` (`private_key_jwt`, RFC 7523 2.2). A request must use one method only.",
  },
});

/** JSON Schema patterns have no flags; `u` is implied (2020-12 Core 6.4). The generator writes a flagged expression as `^…$/u`. */
const withoutFlags = (key: string, value: unknown) =>
  key === "pattern" && typeof value === "string" ? value.replace(/\$\/[a-z]+$/, "$") : value;

/** The same in the words of OpenAPI 3.0, for the schemas that a room has written by hand. The generator does the others. */
const inWordsOf30 = (key: string, value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  Array.isArray(value.type) &&
  value.type.includes("null")
    ? { ...value, type: value.type.find((type) => type !== "null"), nullable: true }
    : withoutFlags(key, value);

type Form = "3.1" | "3.0";

type Site = Pick<Settings, "issuer" | "docsUrl">;

/** The address of a guide: its page of this service, or its file where `DOCS_URL` says. */
const guideUrl = (guide: string, { issuer, docsUrl }: Site): string =>
  docsUrl === null ? `${issuer}/guides/${guide.replace(/\.md$/, "")}` : `${docsUrl}/guides/${guide}`;

/** A heading with its guide. */
const headingOf = ({ position: _, guide, ...tag }: Tag, site: Site) => ({
  ...tag,
  ...(guide === undefined ? {} : { externalDocs: { url: guideUrl(guide, site) } }),
});

const externalDocsOf = ({ issuer, docsUrl }: Site) =>
  docsUrl === null
    ? { description: "Quick start, guides, reference and errors", url: `${issuer}/` }
    : { description: "The quick start and the guides", url: `${docsUrl}/README.md` };

function documentOf(app: OpenAPIHono<BaseEnv>, { tags, scopes }: Reference, site: Site, form: Form): string {
  const { issuer } = site;
  const head = {
    info: {
      title: "SentryAgent AgentIdP",
      version,
      description,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: issuer }],
    externalDocs: externalDocsOf(site),
    tags: tags.toSorted((one, other) => one.position - other.position).map((tag) => headingOf(tag, site)),
  };
  const { components, ...document } =
    form === "3.1"
      ? app.getOpenAPI31Document({ ...head, openapi: "3.1.0" })
      : app.getOpenAPIDocument({ ...head, openapi: "3.0.3" });
  // Those of webhooks.
  const { parameters, ...used } = components ?? {};
  const shownParameters = form === "3.1" && Object.keys(parameters ?? {}).length > 0 ? { parameters } : {};
  const made = {
    ...document,
    components: { ...used, ...shownParameters, securitySchemes: securitySchemes(issuer, scopes) },
  };
  const plain = withPlainReferences(made) as unknown as OpenApiDocument;
  const shared = withUsualHeaderNames(withSharedErrors(withExamples(plain)));
  return form === "3.1"
    ? JSON.stringify(shared, withoutFlags)
    : JSON.stringify(withScopesOfOAuthOnly(shared), inWordsOf30);
}

/**
 * Serves the document at `/openapi.json`, and at `/openapi-3.0.json` for tools that read no OpenAPI 3.1; that one has no `webhooks`.
 * Each is made on its first request, from every route mounted by then.
 */
export function serveOpenApi(app: OpenAPIHono<BaseEnv>, reference: Reference): void {
  registerComponents(app);
  const documents = new Map<string, string>();
  const serve = (path: string, form: Form) =>
    app.get(path, etag(), (c) => {
      const { settings } = c.get("context");
      const key = `${form} ${settings.issuer}`;
      const document = documents.get(key) ?? documentOf(app, reference, settings, form);
      documents.set(key, document);
      return c.body(document, 200, { "Content-Type": "application/json", "Cache-Control": "public, max-age=300" });
    });
  serve("/openapi.json", "3.1");
  serve("/openapi-3.0.json", "3.0");
}
